"""Several face models in one cohort: whose embeddings are compared, and which scans only another model saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from .records import FaceModel, FaceRecord, Faces, strata


def models_of(records: Sequence[FaceRecord]) -> list[FaceModel]:
    """The face models of a cohort: the one that most scans were scored by first (of equals: the first case's main one)."""
    return [model for model, _ in Counter(record.model for record in records).most_common()]


def strata_of_models(records: Sequence[FaceRecord], image: str, cohort: str, seed: int) -> list[Faces]:
    """The scans of one image by the part of the face that they hold, as `strata`, each by all the models that saw all of it.

    Cosines of two models are never compared. A model that did not see every scan of a stratum stands for itself: a stratum of its
    own follows, and the main ones say how many scans they lack.
    """
    here = [record for record in records if record.image == image]
    models = models_of(here)
    titles = _titles(models)
    if len(models) <= 1:
        return strata(here, image, cohort, seed)
    main = [replace(each, engine=titles[models[0]]) for each in strata(_by(models[0], here), image, cohort, seed)]
    apart: list[Faces] = []
    for model in models[1:]:
        seen = {record.case: record for record in _by(model, here)}
        others = set(seen) - {record.case for record in _by(models[0], here)}
        if others:
            words = f"not among these: {len(others)} scored by {titles[model]} only"
            main = [replace(each, apart="; ".join(filter(None, (each.apart, words)))) for each in main]
        for number, faces in enumerate(main):
            if all(record.case in seen for record in faces.records):
                views = len(faces.records[0].original) if faces.records else 0
                same = tuple(seen[record.case].of_first_views(views) for record in faces.records)
                further = Faces(cohort, image, same, seed=seed, engine=titles[model])
                main[number] = replace(faces, further=(*faces.further, further))
        if others or not any(each.engine == titles[model] for faces in main for each in faces.further):
            own = strata(list(seen.values()), image, cohort, seed)
            apart += [replace(each, engine=titles[model], apart=f"all scans scored by {titles[model]}") for each in own]
    return main + apart


def _by(model: FaceModel, records: Sequence[FaceRecord]) -> list[FaceRecord]:
    return [record for record in records if record.model == model]


def _titles(models: Sequence[FaceModel]) -> dict[FaceModel, str]:
    """What each model is called: its title, with the begin of its hash where two share one."""
    count = Counter(model.title for model in models)
    return {model: model.title if count[model.title] == 1 else f"{model.title} ({model.sha256[:8]})" for model in models}
