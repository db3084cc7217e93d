"""The joint check: data, parameters and code together, before anything is trained.

Each alone may be right: rows that keep their contract, parameters of the right type, code that runs. What no one of
them shows is whether they fit each other.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from .code_columns import columns_of
from .code_flags import flags_of
from .findings import Checked, Finding, listed
from .leakage import constant, copies
from .model_source import ModelSource
from .parameter_rows import needs

OVERLAP = 0.01  # most of the evaluation rows that may stand among the training rows too
BOTH = 2


def joint_check(model: ModelSource, train: pd.DataFrame, evaluation: pd.DataFrame) -> Checked:
    """Ask everything; nothing here raises on what a person wrote."""
    found = [
        *_rows(model, train, evaluation),
        *_classes(model, train, evaluation),
        *_parameters(model, train),
        *_code(model),
        *_features(model, train),
        *_apart(model, train, evaluation),
    ]
    findings = tuple(
        Finding(each.name, each.passed, each.sentence, waived=each.name in model.waive)
        for each in found
    )
    return Checked(findings, len(train), len(evaluation))


def _rows(model: ModelSource, train: pd.DataFrame, evaluation: pd.DataFrame) -> Iterator[Finding]:
    total = len(train) + len(evaluation)
    split = f"{total} rows leave {len(evaluation)} for evaluation (share {model.share:g})"
    least = f"evaluation.minimum_rows {model.minimum_rows}"
    enough = len(evaluation) >= model.minimum_rows
    yield Finding("rows", enough, f"{split}, {'at least' if enough else 'fewer than'} {least}")
    if not len(train):
        yield Finding("rows", False, f"{split} and none to train on")


def _classes(
    model: ModelSource, train: pd.DataFrame, evaluation: pd.DataFrame
) -> Iterator[Finding]:
    for name, rows in (("training", train), ("evaluation", evaluation)):
        if not len(rows):
            continue
        values = rows[model.target].unique()
        if len(values) < BOTH:
            needed = "both classes are" if model.problem == "binary" else "more than one value is"
            sentence = (
                f"all {len(rows)} {name} rows have {model.target} {values[0]}; {needed} needed"
            )
        elif model.problem == "binary" and not set(values) <= {0, 1}:
            sentence = f"{model.target} has {len(values)} values in the {name} rows, not 0 and 1"
        else:
            yield Finding(
                "classes", True, f"the {name} rows have {len(values)} values of {model.target}"
            )
            continue
        yield Finding("classes", False, sentence)


def _parameters(model: ModelSource, train: pd.DataFrame) -> Iterator[Finding]:
    counts = train[model.target].value_counts()
    rarer = int(counts.min()) if len(counts) else 0
    for need in needs(model.hyperparameters):
        of_class = need.of_each_class and model.problem == "binary"
        rows = rarer if of_class else len(train)
        kind = "training rows" + (" of the rarer class" if of_class else "")
        sentence = f"{need.parameter} {need.value} asks for {need.rows} {kind} ({need.why}), there are {rows}"
        yield Finding("parameters", rows >= need.rows, sentence)


def _code(model: ModelSource) -> Iterator[Finding]:
    scripts = {model.entry_point: set(model.columns), "inference.py": set(model.features)}
    for name, known in scripts.items():
        source = model.code.get(name)
        if source is None:
            continue
        try:
            columns = columns_of(source, serves=name != model.entry_point)
            flags = flags_of(source) if name == model.entry_point else None
        except SyntaxError as error:
            yield Finding("code", False, f"{name} line {error.lineno}: {error.msg}")
            continue
        if flags is not None:
            yield _flags(model, name, flags)
        unknown = columns.unknown(known)
        what = (
            "the contract" if name == model.entry_point else "a request, which holds the features"
        )
        places = listed(f"{each.column} (line {each.line})" for each in unknown)
        yield Finding(
            "columns",
            not unknown,
            f"{name} names {places}: no column of {what}"
            if unknown
            else f"{name} names no column that is not in {what}",
        )


def _flags(model: ModelSource, name: str, flags: set[str]) -> Finding:
    strange = sorted(set(model.hyperparameters) - flags)
    return Finding(
        "parameters",
        not strange,
        f"{name} takes no {listed(f'--{each}' for each in strange)}; its flags are"
        f" {listed(sorted(flags))}"
        if strange
        else f"{name} takes every hyperparameter",
    )


def _features(model: ModelSource, train: pd.DataFrame) -> Iterator[Finding]:
    same = constant(train, model.features)
    yield Finding(
        "constant_feature",
        not same,
        f"{listed(same)} has the same value in all {len(train)} training rows"
        if same
        else f"each of {len(model.features)} features varies",
    )
    binary = model.problem == "binary"
    leaks = copies(train, model.features, model.target, binary=binary)
    yield Finding(
        "copy_of_target",
        not leaks,
        f"in all {len(train)} training rows "
        + listed(f"{name} tells {model.target}: it {how}" for name, how in leaks.items())
        if leaks
        else f"no feature is a copy of {model.target}",
    )


def _apart(model: ModelSource, train: pd.DataFrame, evaluation: pd.DataFrame) -> Iterator[Finding]:
    if not len(train) or not len(evaluation):
        return
    seen, asked = (
        pd.util.hash_pandas_object(rows.astype("str"), index=False).to_numpy()
        for rows in (train, evaluation)
    )
    both = int(np.isin(asked, seen).sum())
    share = both / len(evaluation)
    yield Finding(
        "overlapping_rows",
        share <= OVERLAP,
        f"{both} of {len(evaluation)} evaluation rows ({share:.1%}) are training rows too"
        f" (at most {OVERLAP:.0%} may be)",
    )
    if model.entity_key is None:
        return
    known = set(train[model.entity_key].dropna())
    shared = evaluation[model.entity_key].isin(known)
    entities = evaluation.loc[shared, model.entity_key].nunique()
    yield Finding(
        "shared_entities",
        not entities,
        f"{entities} of {evaluation[model.entity_key].nunique()} values of {model.entity_key} in the"
        f" evaluation rows ({int(shared.sum())} rows) stand in the training rows too",
    )
