"""The tables of the pipeline: one module per system. `docs/tables.md` is written from here. Computes nothing."""

import importlib
import pkgutil

from tasks.base.tables import Schema


def every_schema() -> list[Schema]:
    """Every table's schema: module by module in alphabetical order, within a module as they stand there."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Schema)]
