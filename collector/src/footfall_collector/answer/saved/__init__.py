"""Saved segments and views: conditions under a name, in DATA/segments.json.

`saved_segments` has the file and its limits, `segment_commands` what the command line, the control socket and the API
do with it. `Filters.parse` replaces a name by its conditions, so that every answer counts exactly what the same
conditions select.

Promises: a saved segment survives a power cut; a damaged file is mended from its copy, or said wherever a name is used.
`answer` exports what others use.
"""

from .saved_segments import (
    MAX_SEGMENTS,
    SEGMENTS_FILE,
    SavedSegment,
    SavedSegments,
    SavedSegmentsError,
    SegmentExistsError,
    SegmentsFile,
    UnknownSegmentError,
)
from .segment_commands import SegmentList, check_conditions, segment_changes, segment_commands

__all__ = [
    "MAX_SEGMENTS",
    "SEGMENTS_FILE",
    "SavedSegment",
    "SavedSegments",
    "SavedSegmentsError",
    "SegmentExistsError",
    "SegmentList",
    "SegmentsFile",
    "UnknownSegmentError",
    "check_conditions",
    "segment_changes",
    "segment_commands",
]
