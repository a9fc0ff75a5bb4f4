"""DVC and git as programs: status, reproduction, locks, commits, references."""
