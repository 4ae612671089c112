"""Structure names against the collection of names found in public places."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from deface_compare.errors import UnusableInput
from deface_compare.structures.name_words import CONCEPT, Vocabulary, built_in, built_in_rows, user_names, vocabulary_of, words_of
from deface_compare.structures.names import AMBIGUOUS, EXCLUDED, MAPPED, UNKNOWN, read_structure_name
from deface_compare.structures.organs import EXCLUDE, GROUPS, OTHER


@pytest.mark.parametrize(
    ("name", "tg263", "group", "side"),
    [
        ("LENS LT", "Lens_L", "lens", "L"),
        ("OEIL DROIT", "Eye_R", "eye", "R"),
        ("Nerf Optique D", "OpticNrv_R", "optic_nerve", "R"),
        ("Sehnerv li.", "OpticNrv_L", "optic_nerve", "L"),
        ("parotide sx", "Parotid_L", "parotid", "L"),
        ("Øje højre", "Eye_R", "eye", "R"),
        ("glándula parótida izquierda", "Parotid_L", "parotid", "L"),
        ("Augen bds.", "Eyes", "eye", "B"),
        ("Cavité buccale", "Cavity_Oral", "oral_cavity", ""),
        ("tronc cérébral", "Brainstem", "brainstem", ""),
        ("opt chiasm", "OpticChiasm", "optic_chiasm", ""),
        ("Mandible", "Bone_Mandible", "mandible", ""),
        ("BODY", "External", "external", ""),
        ("PTV54 L Neck", "PTV", "ptv", "L"),
        ("GTV N1", "GTVn", "gtv", ""),
    ],
)
def test_a_name_is_read_as_a_clinician_reads_it(name: str, tg263: str, group: str, side: str) -> None:
    read = read_structure_name(name)
    assert (read.tg263, read.group, read.side) == (tg263, group, side)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("PRV Brainstem", EXCLUDED),
        ("Brain-GTV", EXCLUDED),
        ("OPT TRONC", EXCLUDED),
        ("PTV+3mm", EXCLUDED),
        ("Lens", AMBIGUOUS),
        ("left orbit", AMBIGUOUS),
        ("Skin", AMBIGUOUS),
        ("Larynx-Trachea", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_helpers_and_doubtful_names_are_not_mapped(name: str, status: str) -> None:
    assert read_structure_name(name).status == status


# TG-263 names, and what planners of other languages and vendors write. None of these was taken from the shared list.
READ = {
    "Lens_L": "Lens_L|crist G|Linse venstre|linke Linse|cristallino sx|Cristalino izquierdo|lens sol|水晶体 左|左晶体",
    "Lens_R": "Lens_R|Cristallin droit|Ooglens_re|lins höger|soczewka prawa|правый хрусталик|cristalino D",
    "OpticNrv_L": "OpticNrv_L|N. Opt. G|N.O.G|N.opticus li|nervo ottico sn|nervio óptico izq|nerw wzrokowy lewy",
    "OpticNrv_R": "Opt Nrv R|NO D|N. opticus dxt|optik sinir sağ|nervo óptico direito|视神经右|ONR|Otpic nerve R",
    "OpticChiasm": "OptChiasm|Chiasma opticum|quiasma óptico|chiasma ottico|optik kiazma|視交叉|skrzyżowanie nerwów wzrokowych",
    "Eye_L": "Eye_L|Œil gauche|Bulbus li|oog links|occhio sn|ojo izq|左眼球|levé oko|øye venstre",
    "Eye_R": "RtEye|rechtes Auge|Globe oculaire D|Øje højre|göz sağ|olho direito|oikea silmä",
    "Brainstem": "Brain Stem|BRAIN_STEM|Stammhirn|Hjernestamme|Tronco del encéfalo|tallo cerebral|pień mózgu|beyin sapı|脳幹",
    "Brain": "Encéphale|Gehirn|hersenen|cervello|cerebro|mózg|головной мозг",
    "Bone_Mandible": "Bone_Mandible|Unterkiefer|żuchwa|mandíbula|нижняя челюсть|下顎骨|Mandbile",
    "Cavity_Oral": "Cav_Oral|Mundhöhle|cavo orale|Cavidade oral|munhåla|oral kavite|口腔",
    "Parotid_L": "Glnd_Parotid_L|Gl. parotis li|Parotida I|Parotis sin|腮腺_左|Parotid L auto|Lt. Parotid",
    "Parotid_R": "Parotide_Drt|Parotis rechts|parotide dx|ślinianka przyuszna prawa|右耳下腺|околоушная железа правая",
    "Parotids": "Parotis bds|Parotid glands|parotidi",
    "External": "External|Außenkontur|contour externe|Körper",
}
NOT_READ = {
    EXCLUDED: "Lens_R_PRV05|Brain - PTV|Normal Brain|Hirn ohne PTV|Mandible hors PTV|opt_mandible|Oral cavity avoid|zPTV_High"
    "|Brain~|Brain-Brainstem|PRV NOD|SkinRing|brain stem + 3mm|Parotid_L-PTV|optbrain|50.4Gy",
    AMBIGUOUS: "OC|ON|BS|Lens|Lenses|Orbita re|Peau|Augenlinse",
    UNKNOWN: "Eyelid_L|Parotid duct L|Oral mucosa|Mandibular canal|Globus pallidus|don|ion|Lens capsule L|Brain metastasis"
    "|External auditory canal L|Retro cochlea|Speicheldrüse|Laryngeal nerve|Node level II L|Larynx wall|ear left",
}


@pytest.mark.parametrize("tg263", READ)
def test_tg263_names_and_other_languages_are_read(tg263: str) -> None:
    names = READ[tg263].split("|")
    assert {
        name: read_structure_name(name).tg263 for name in names if read_structure_name(name).status == MAPPED
    } == dict.fromkeys(names, tg263)


@pytest.mark.parametrize("status", NOT_READ)
def test_near_misses_are_never_taken_for_an_organ(status: str) -> None:
    names = NOT_READ[status].split("|")
    assert {name: read_structure_name(name).status for name in names} == dict.fromkeys(names, status)


def test_spellings_of_other_centres_are_read_by_group_side_and_status() -> None:
    """Names of planning templates and scripts that are not in the shared list, slips of the pen, helpers and near words.

    Half were written down before the rules that read them; of those 80 % were right at that time, none a wrong organ.
    """
    with (Path(__file__).parent / "planned_spellings.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    reads = {row["name"]: read_structure_name(row["name"]) for row in rows}
    found = {name: (read.group, read.side, read.status) for name, read in reads.items()}
    assert found == {row["name"]: (row["group"], row["side"], row["status"]) for row in rows}


@pytest.mark.parametrize(
    ("wrong", "word"),
    [("Mandable", "mandible"), ("Optikus", "opticus"), ("brainsteam", "brainstem"), ("Mundhoehle", "mundhohle")],
)
def test_one_slip_inside_a_long_word_is_mended(wrong: str, word: str) -> None:
    assert read_structure_name(f"{wrong} li").group == read_structure_name(f"{word} li").group != "other"


@pytest.mark.parametrize("word", ["carotid", "mandibular", "cerebellum", "cervelet", "oculomotor", "patella", "chiasmatic"])
def test_another_organs_word_is_no_slip(word: str) -> None:
    assert built_in().mended(word) == word


def test_a_users_table_stands_on_top(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("part,tg263,group,side,status\nohr,Parotid,parotid,,mapped\npupil,,word,,helper\n", encoding="utf-8")
    assert read_structure_name("Ohr li").status == UNKNOWN
    with user_names(path):
        assert read_structure_name("Ohr li").tg263 == "Parotid_L"
        assert read_structure_name("left pupil").status == EXCLUDED
    assert read_structure_name("left pupil").tg263 == "Lens_L"
    path.write_text("part,tg263,group,side,status\nwangenhaut,Skin_Cheek,cheek_skin,,mapped\n", encoding="utf-8")
    with user_names(path):
        read = read_structure_name("Wangenhaut li")
        assert (read.tg263, read.group, read.side, read.status) == ("Skin_Cheek_L", "cheek_skin", "L", MAPPED)
    path.write_text("name,organ\nx,y\n", encoding="utf-8")
    with pytest.raises(UnusableInput, match=r"names\.csv must have rows with the columns part,tg263"), user_names(path):
        pass


Row = dict[str, str]
STATUS = {"EXCLUDE": EXCLUDED, "UNKNOWN": UNKNOWN, "AMBIGUOUS": AMBIGUOUS}


@pytest.fixture(scope="module")
def real_names(shared_data: Path) -> list[Row]:
    with (shared_data / "structure_names" / "real_world_names.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def further_names() -> dict[str, str]:
    """Names of the shared list that it gives no organ of the headline, and what they are by TG-263, read by eye."""
    with (Path(__file__).parent / "further_organs_of_the_list.csv").open(newline="", encoding="utf-8") as stream:
        return {row["name"]: row["tg263"] for row in csv.DictReader(stream)}


def _wanted(row: Row) -> str:
    return STATUS.get(row["tg263"], UNKNOWN if row["group"] == "other" else MAPPED)


def _is_right(row: Row, vocabulary: Vocabulary | None = None) -> bool:
    """By group, side and status; of organs beyond the headline the list tells the side only, and that they are no helpers."""
    read = read_structure_name(row["name"], vocabulary)
    if row["group"] == OTHER:
        return read.group not in (*GROUPS, EXCLUDE) and read.side in ("", row["side"])
    return (read.group, read.side, read.status) == (row["group"], row["side"], _wanted(row))


def _is_wrong_organ(row: Row, further: dict[str, str], vocabulary: Vocabulary | None = None) -> bool:
    """Mapped to another organ than a clinician's, or to one where there is none (`further`: what is one beyond the headline)."""
    read = read_structure_name(row["name"], vocabulary)
    if row["group"] == OTHER:
        return read.status == MAPPED and read.tg263 != further.get(row["name"])
    other_side = bool(row["side"]) and read.side not in ("", row["side"])
    return read.status == MAPPED and (read.group != row["group"] or other_side)


@pytest.mark.shared
def test_the_names_found_in_public_places_are_read_by_group_side_and_status(
    real_names: list[Row], further_names: dict[str, str]
) -> None:
    # Measured: 99.6 % of 756 right, none a wrong organ.
    assert sum(map(_is_right, real_names)) / len(real_names) >= 0.985
    assert [row["name"] for row in real_names if _is_wrong_organ(row, further_names)] == []


@pytest.mark.shared
def test_names_of_a_source_are_read_without_the_words_that_only_this_source_has(
    real_names: list[Row], further_names: dict[str, str]
) -> None:
    """The rules were written with these names at hand: what is known from one source alone is taken away before it is read.

    Words that any dictionary or TG-263 gives (*gauche*, *chiasme*) go too, so new centres should do better than this.
    """
    joined = {row["name"]: "".join(word for word in words_of(row["name"]) if not word.isdigit()) for row in real_names}
    parts = {row["part"]: "".join(words_of(CONCEPT.sub("", row["part"]))) for row in built_in_rows()}
    right, wrong = 0, []
    for source in sorted({row["source"] for row in real_names}):
        own = [row for row in real_names if row["source"] == source]
        mine = [joined[row["name"]] for row in own]
        others = [joined[row["name"]] for row in real_names if row["source"] != source]
        only_here = {
            part for part, letters in parts.items() if letters and _any_has(mine, letters) and not _any_has(others, letters)
        }
        kept = (row for row in built_in_rows() if row["part"] not in only_here)
        vocabulary = vocabulary_of(kept) if only_here else built_in()
        reads = [read_structure_name(row["name"], vocabulary) for row in own]
        # an organ is found, or it is not: helpers and other organs may be confused with each other, both are left out
        right += sum(
            (read.group, read.side) == (row["group"], row["side"])
            if _wanted(row) == MAPPED
            else read.status != MAPPED or read.group not in GROUPS
            for read, row in zip(reads, own, strict=True)
        )
        wrong += [row["name"] for row in own if _is_wrong_organ(row, further_names, vocabulary)]
    # Measured: 93.9 %, one wrong (an evaluation PTV whose last word was taken away).
    assert right / len(real_names) >= 0.935
    assert len(wrong) <= 1


def _any_has(names: list[str], letters: str) -> bool:
    return any(letters in name for name in names)


def test_a_spelling_with_two_meanings_in_a_users_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    rows = ["part,tg263,group,side,status", "hirn,Brain,brain,,", "Hirn,Brainstem,brainstem,,"]
    path.write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(UnusableInput, match=r"names\.csv gives one spelling two meanings \(lines 2 and 3\)"), user_names(path):
        pass
