"""Keys of the policies store that more than one part reads: the only place where they are spelled."""

from __future__ import annotations

import hashlib

from insights_engine.store import Key


def project(project_id: int) -> Key:
    """The project with its settings, group types and zone of days."""
    return f"PROJECT#{project_id}", "PROJECT"


def project_token(token: str) -> Key:
    """`{"project_id"}` of a `phc_` token."""
    return f"TOKEN#{token}", "TOKEN"


def cohort(project_id: int, cohort_id: int) -> Key:
    return f"PROJECT#{project_id}", f"COHORT#{cohort_id:010d}"


def action(project_id: int, action_id: int) -> Key:
    return resource(project_id, "action", str(action_id))


def action_name(project_id: int, name: str) -> Key:
    """`{"action_id"}`: a name belongs to one action that is not deleted. Hashed, as names may be longer than keys."""
    return f"PROJECT#{project_id}", f"ACTION_NAME#{hashlib.sha256(name.encode()).hexdigest()}"


def resource(project_id: int, kind: str, object_id: str) -> Key:
    """An object of a project: an insight, a dashboard, a notebook. Numbers have ten digits, to be in order."""
    return f"PROJECT#{project_id}#{kind.upper()}", object_id.rjust(10, "0") if object_id.isdigit() else object_id


def short_id(project_id: int, kind: str, short_id: str) -> Key:
    """`{"id"}`: the object that has this short id."""
    return f"PROJECT#{project_id}#{kind.upper()}#SHORT", short_id


def insight_view(project_id: int, user_id: str, insight_id: int | None) -> Key:
    """`{"insight_id", "viewer", "last_viewed_at"}`; without an insight, the beginning of all that one user has."""
    return f"PROJECT#{project_id}#VIEWS", f"{user_id}#" + ("" if insight_id is None else f"{insight_id:010d}")


def distinct_id(project_id: int, value: str) -> Key:
    """`{"person"}`: the number of the person that a distinct id belongs to."""
    return f"PROJECT#{project_id}#DID#{value}", "DID"


def person(project_id: int, number: int) -> Key:
    """`{"uuid", "created_at", "is_identified", "properties", "version", "merged_into"}`."""
    return f"PROJECT#{project_id}#PERSON#{number}", "PERSON"


def group(project_id: int, index: int, key: str) -> Key:
    """`{"created_at", "properties", "version"}`."""
    return f"PROJECT#{project_id}#GROUP#{index}#{key}", "GROUP"


def person_counter(project_id: int) -> Key:
    """`{"next"}`: person numbers are taken from it in ranges."""
    return f"PROJECT#{project_id}#PERSONS", "COUNTER"


def demo(project_id: int) -> Key:
    """`{"now", "persons", "visits", "events", "is_complete"}`: how far the load of the demo data has come."""
    return f"PROJECT#{project_id}", "DEMO"


def import_checkpoint(project_id: int, file: str) -> Key:
    """`{"row", "offset", "loaded", "bad", "is_complete"}`: how far a file, named by its contents, is imported."""
    return f"PROJECT#{project_id}", f"IMPORT#{file}"


def imported_person(project_id: int, person_id: str) -> Key:
    """`{"distinct_id"}`: the distinct id that stands for a person of an export, until the move is long over."""
    return f"PROJECT#{project_id}#IMPORTED#{person_id}", "PERSON"


def rate(who: str, name: str) -> Key:
    """`{"minute", "hour"}` in the results store: what a key has used lately of one class of requests."""
    return f"RATE#{who}", name


def slots(project_id: int) -> Key:
    """`{"leases"}` in the results store: the questions of a project that are being computed."""
    return f"SLOTS#{project_id}", "SLOTS"


def counter(kind: str) -> Key:
    """`{"next"}`: the last id given to a project, a cohort or an action."""
    return "COUNTER", kind
