"""Objects that a program renamed are known again by what they hold; what cannot be told apart is not guessed."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from deface_compare.export.handed.content import Content, Known
from deface_compare.export.handed.pairing import Pairing, changes
from deface_compare.export.handed.uid_changes import UidChanges

CT, MR = "ct", "mr"


def known(name: str, body: str, *, place: str = "", series: str = "s", number: str = "1", kind: str = CT) -> Known:
    return Known(Path(name), Content(kind, place or "Rows=9|" + body, "", body), series, number)


def pairs(pairing: Pairing) -> dict[str, str]:
    return {one.path.name: other.path.name for one, other in pairing.pairs}


def test_slices_of_air_are_told_apart_by_their_series_which_other_slices_made_known() -> None:
    given = [
        known(f"{s}{n}", f"{s if n else 'air'}{n}", series=s, number=str(n), place=f"at {n}") for s in "ab" for n in range(3)
    ]
    returned = [
        known(each.path.name.upper(), each.content.body, series=f"new {each.series}", place=each.content.place) for each in given
    ]
    pairing = Pairing(given, list(reversed(returned)))
    assert pairs(pairing) == {each.path.name: each.path.name.upper() for each in given}
    assert pairing.faults("T", lambda one: one.path.name) == []


def test_what_is_alike_in_all_is_told_not_guessed() -> None:
    given = [known("one", "air"), known("two", "air"), known("three", "x")]
    returned = [known("1", "air"), known("2", "air"), known("3", "x")]
    pairing = Pairing(given, returned)
    assert pairs(pairing) == {"three": "3"}
    assert pairing.faults("T", lambda one: one.path.name) == ["one, two cannot be told apart in what T gave back"]


def test_of_objects_alike_one_that_is_lost_or_doubled_is_told() -> None:
    alike = [known("one", "air"), known("two", "air")]
    assert Pairing(alike, alike[:1]).faults("T", lambda one: one.path.name) == ["T did not give back one of one, two"]
    assert Pairing(alike[:1], alike).faults("T", lambda one: one.path.name) == ["T gave back an object more than it got"]


def test_a_slice_with_another_voxel_or_place_is_paired_and_said_to_be_changed() -> None:
    given = [known("one", "1", place="Rows=9|at 1", number="1"), known("two", "2", place="Rows=9|at 2", number="2")]
    voxel = Pairing(given, [known("1", "1'", place="Rows=9|at 1"), known("2", "2", place="Rows=9|at 2")])
    assert {one.path.name: changes(one, other) for one, other in voxel.pairs} == {"one": ["its voxels"], "two": []}
    moved = Pairing(given, [known("1", "1", place="Rows=9|at 7"), known("2", "2", place="Rows=9|at 8")])
    assert pairs(moved) == {"one": "1", "two": "2"}
    assert all(changes(one, other) == ["where its voxels lie"] for one, other in moved.pairs)


def test_uids_are_followed_at_every_depth_and_classes_are_none() -> None:
    before, after, torn = (_referring(*uids) for uids in (("1.2.3.1", "1.2.3.2"), ("2.25.1", "2.25.2"), ("2.25.1", "2.25.9")))
    uids = UidChanges("T")
    uids.add(before, after)
    assert (uids.found, uids.faults) == ({"1.2.3.1": "2.25.1", "1.2.3.2": "2.25.2"}, [])
    uids.add(before, torn)
    assert uids.faults == ["T gave one ReferencedSOPInstanceUID two new values, so that objects no longer agree"]
    joined = UidChanges("T")
    joined.add(before, _referring("2.25.1", "2.25.1"))
    assert joined.faults == ["T gave two values of ReferencedSOPInstanceUID one new value"]


def test_a_sequence_of_which_items_were_taken_out_tells_nothing_of_uids() -> None:
    before, after = _referring("1.2.3.1", "1.2.3.2"), _referring("2.25.1", "2.25.2")
    before.ReferencedImageSequence.append(before.ReferencedImageSequence[0])
    uids = UidChanges("T")
    uids.add(before, after)
    assert uids.found == {"1.2.3.1": "2.25.1"}


def _referring(uid: str, other: str) -> Dataset:
    data, item = Dataset(), Dataset()
    data.SOPClassUID, data.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", uid
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", other
    data.ReferencedImageSequence = Sequence([item])
    return data
