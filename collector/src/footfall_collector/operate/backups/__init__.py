"""Backups: `backup` makes one, `restore` fills a data directory from one.

A backup holds data and nothing that is executed or configures anything: `file_kinds` is the complete list of the files
that it can have. `restore` treats a backup as a stranger's: `manifest` authenticates it, `backup_source` reads its
files without following a link, `small_files` and `database_check` look at their content, `staging` puts them together
in a folder of their own. Nothing of the data directory changes before all of that has succeeded. `copying` makes
copies that are complete or not there at all. Only `operate` imports this package.
"""

from .backup import back_up as back_up
from .copying import atomic_directory as atomic_directory
from .restore import RestoreOptions as RestoreOptions
from .restore import restore_backup as restore_backup
