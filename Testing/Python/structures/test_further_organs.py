"""Names of organs beyond the headline's nine: by TG-263, as planning systems spell them, in other languages."""

from __future__ import annotations

import pytest

from deface_compare.structures.name_words import built_in_rows
from deface_compare.structures.names import AMBIGUOUS, EXCLUDED, MAPPED, UNKNOWN, read_structure_name
from deface_compare.structures.organs import GROUPS, OTHER, PAIR, SIDE, FurtherOrgan, further_groups, further_organs

FURTHER = {
    "SpinalCord": "SpinalCord|Spinal_Cord|Cord|CORD|spinal cord|Moelle|moelle épinière|Rückenmark|Myelon|Myelum|midollo spinale"
    "|médula espinal|ruggenmerg|rygmarv|rdzeń kręgowy|спинной мозг|脊髄|SpCord|cord new",
    "SpinalCanal": "SpinalCanal|Canal médullaire|Spinal Canal|Spinalkanal|canal medular|wervelkanaal",
    "Glnd_Submand_R": "Glnd_Submand_R|Right_Submand|RSubmand|Submandibular R|Rt SMG|SousMax D|Glandula submandibularis re",
    "Glnd_Submand_L": "Glnd_Submand_L|Submandibular L|Sub-mandibular L|LSubmandibular|sousmaxillaire gauche|submandibularis_li",
    "Glnd_Submands": "Glnd_Submands|submandibulars|Submandibular glands",
    "Larynx": "Larynx|LARYNX|Kehlkopf|laringe|whole larynx|喉頭",
    "Larynx_SG": "Larynx_SG|Supraglottic larynx|Larynx supraglottic|SupraglotticLarynx",
    "Glottis": "Glottis|GlotticArea|Glotte",
    "Cochlea_L": "Cochlea_L|LCochlea|Left Cochlea|cochlée G|coclea sin|Cochlea li|耳蜗 左侧",
    "Ear_Internal_R": "Inner ear R|Ear_Internal_R|Oreille interne D|Innenohr re|oreille int Dt",
    "Pituitary": "Pituitary|Hypophyse|hypophysis|ipofisi|hipófisis|pituitary gland|гипофиз",
    "Hippocampus_L": "Hippocampus_L|Hippocampe G|L Hippocampus|hipocampo izq",
    "Hippocampi": "Hippocampi",
    "Glnd_Lacrimal_R": "Glnd_Lacrimal_R|Lacrimal Gland Rt|LacrimalGland_R|Tränendrüse re|glande lacrymale droite",
    "Lips": "Lips|Lèvres|Lippen|labios",
    "Glnd_Thyroid": "Thyroid|Glnd_Thyroid|Schilddrüse|thyroïde|tiroides",
    "Esophagus": "Esophagus|Oesophagus|Oesophage|Speiseröhre|esófago|slokdarm|oeso",
    "Esophagus_S": "Esophagus_S|Cervical esophagus|upper oesophagus|Esophagus_Up",
    "Cricopharyngeus": "Cricopharyngeus|Cricopharyngeal inlet",
    "Musc_Constrict": "Musc_Constrict|Pharyngeal constrictor|PCM|Pharynx constrictor|pharyngeal constrictors|PCMs|CONSTRICTORS"
    "|Constricteurs pharynx|PHARYNGEAL CONSTRICTORS",
    "Musc_Constrict_S": "Musc_Constrict_S|Constrictor_S|ConstrictorS|PCM_S|constricteur sup|Superior pharyngeal constrictor"
    "|PCM sup|SPC",
    "Musc_Constrict_M": "Musc_Constrict_M|Pharyngeal constrictor middle|PharConst_M",
    "Musc_Constrict_I": "Musc_Constrict_I|PCM inf|Inferior constrictor",
    "Cornea_L": "Cornea_L|left cornea|cornée gauche",
    "Retina_R": "Retina_R|rétine D|Netzhaut re",
    "Lobe_Temporal_L": "Lobe_Temporal_L|L temporal lobe|TemporalLobe_L|Temporallappen li|lobe temporal G|TEMP_LOBE_LT",
    "Scalp": "Scalp|Kopfhaut|cuir chevelu",
    "Cerebellum": "Cerebellum|Cervelet|Kleinhirn|mózdzek|cervelletto",
    "A_Carotid_L": "A_Carotid_L|carotid L|Carotis links|carotide gauche",
    "BrachialPlex_R": "BrachialPlex_R|R brachial plexus|Plexus brachial D|Plexus brac D",
    "Joint_TM_L": "Joint_TM_L|TMJ L|T_M_Joint_L|Kiefergelenk li|ATM G",
    "Cavity_Nasal": "Cavity_Nasal|Nasal cavity|fosses nasales|Nasenhöhle",
    "Sinus_Maxilry_R": "Sinus_Maxilry_R|R maxillary sinus|sinus maxillaire D",
    "Tongue_Base": "Tongue_Base|base of tongue|Zungengrund|base de langue",
    "Tongue_Oral": "Tongue_Oral|oral tongue|langue mobile",
    "Bone_Hyoid": "Bone_Hyoid|Hyoid|os hyoïde|Zungenbein",
    "OpticTract_L": "OpticTract_L|L optic tract|Tractus opticus li",
    "Hypothalmus": "Hypothalamus|Hypothalmus",
    "Musc_Masseter_R": "Musc_Masseter_R|R masseter|masseter D",
    "Musc_Pterygoid_L": "Musc_Pterygoid_L|pterygoid L",
    "BuccalMucosa_L": "BuccalMucosa_L|buccalmucosa_li|Buccal mucosa L",
    "Palate_Soft": "Palate_Soft|soft palate|voile du palais",
    "Trachea": "Trachea|Trachée|Luftröhre|tráquea",
    "Lungs": "Lungs|Poumons|both lungs",
    "Glnd_Thymus": "Thymus",
    "Teeth": "Teeth|Zähne|dents",
    "CN_VIII_L": "CN_VIII_L",
}


@pytest.mark.parametrize("tg263", FURTHER)
def test_organs_beyond_the_headline_are_read(tg263: str) -> None:
    names = FURTHER[tg263].split("|")
    assert {name: read_structure_name(name).tg263 for name in names if read_structure_name(name).status == MAPPED} == (
        dict.fromkeys(names, tg263)
    )


@pytest.mark.parametrize(
    ("status", "names"),
    [
        (
            EXCLUDED,
            "SpinalCord_PRV|SpinalCord_PRV05|Cord+5|PRV moelle|cord avoid|Cord - Grow 5.0|larynx - PTV|OPT LARYNX|Pituitary PRV"
            "|L cochlea OPT|z-moelle+0.5cm|SpinalCord-03|Ring larynx|Esophagus in PTV|Larynx V50",
        ),
        (AMBIGUOUS, "Cochlea|Inner ear|Submandibular|ME|Spinal cord L|copy of cord|M. constrictor|Brachial plexus|Temporal lobe"),
    ],
)
def test_helpers_and_doubtful_names_of_further_organs_are_not_mapped(status: str, names: str) -> None:
    assert {name: read_structure_name(name).status for name in names.split("|")} == dict.fromkeys(names.split("|"), status)


def test_every_name_of_the_table_is_in_a_catalogue() -> None:
    """A row of the table names a headline organ, a target or an organ of the catalogue, and its group."""
    both = {organ.both: organ for organ in further_organs().values() if organ.both}
    for row in built_in_rows():
        if row["group"] in ("word", OTHER) or row["group"] in GROUPS or row["status"] == UNKNOWN:
            continue
        organ = further_organs().get(row["tg263"]) or further_organs().get(SIDE.sub("", row["tg263"])) or both[row["tg263"]]
        assert organ.group == row["group"], row
    assert {group for group in further_groups() if group in GROUPS} == set()


@pytest.mark.parametrize("organ", further_organs().values(), ids=lambda organ: organ.tg263)
def test_every_organ_of_the_catalogue_is_read_by_its_own_name(organ: FurtherOrgan) -> None:
    sides = ("_L", "_R") if organ.sides == PAIR else ("",)
    names = [f"{organ.tg263}{side}" for side in sides] + ([organ.both] if organ.both else [])
    assert {name: (read_structure_name(name).tg263, read_structure_name(name).group) for name in names} == {
        name: (name, organ.group) for name in names
    }
