import json
from dataclasses import asdict, replace

from tasks.phantoms.identity import HAIR_STYLES, another_sitting, identity


def test_a_seed_is_a_person() -> None:
    assert identity(7) == identity(7)
    assert identity(7) != identity(8)


def test_an_identity_is_plain_numbers() -> None:
    assert json.loads(json.dumps(asdict(identity(7))))["head"]["width"] == identity(7).head.width


def test_another_sitting_changes_light_and_backdrop_alone() -> None:
    person = identity(7)
    later = another_sitting(person, 1)
    assert later.light != person.light and later.backdrop != person.backdrop
    assert replace(later, light=person.light, backdrop=person.backdrop) == person
    assert another_sitting(person, 1) == later != another_sitting(person, 2)


def test_people_differ_in_age_tone_and_hair() -> None:
    people = [identity(seed) for seed in range(400)]
    assert {person.hair.style for person in people} == set(HAIR_STYLES)
    fifths = [min(int(person.complexion.tone * 5), 4) for person in people]
    assert min(fifths.count(fifth) for fifth in range(5)) > 50
    assert 0.1 < sum(person.child > 0 for person in people) / len(people) < 0.4
    assert 0.25 < sum(person.old > 0 for person in people) / len(people) < 0.55
