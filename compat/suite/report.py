# SPDX-License-Identifier: MIT
"""COMPAT.md, for people, and JUnit XML, for machines."""

import xml.etree.ElementTree as xml

from . import packages, verdict, ways

HEAD = """\
# Programs that were run with and without the library

Written by `compat/run`; do not edit. Each program ran natively first, and
then under the library, and did the same work; what came out was compared byte
by byte or by checksum.

- *symbols*: what the program really entered natively, with the number of calls
- *fds*: the most descriptors in one call
- *answered*: the share of its calls that an epoll set answered, with the policy
  `always` and, behind the stroke, with `auto`, which leaves small sets to the
  kernel
- *untouched*: epoll answered none of its calls, for the reason given below

"""


def _share(result, program):
    if result is None:
        return "–"
    answered, calls = verdict.calls(result, program)
    return f"{100 * answered / calls:.0f} %" if calls else "no calls"


def _symbols(result, program):
    found = verdict.symbols(result, program)
    return ", ".join(f"`{name}` {calls}" for name, (calls, _most)
                     in sorted(found.items(), key=lambda item: -item[1][0]))


def _most(result, program):
    found = verdict.symbols(result, program)
    return max((most for _calls, most in found.values()), default="–")


unpacked = {}


def version(case):
    if name := case.get("UNPACKED"):
        return unpacked.get(name) or "unknown"
    return packages.version(case.get("PACKAGES", ("",))[0]) or "compiled here"


def _row(outcome):
    case, results = outcome.case, outcome.results
    program = case.get("PROGRAM")
    others = [way for way in outcome.verdicts if way != ways.NATIVE]
    library = "; ".join(f"{way}: {outcome.verdicts[way][0]}" for way in others)
    if len({outcome.verdicts[way][0] for way in others}) == 1:
        library = outcome.verdicts[others[0]][0]
    native = results[ways.NATIVE]
    first = results.get(ways.ALWAYS) or results.get(ways.VERIFY)
    shares = [_share(first, program)]
    if ways.AUTO in others:
        shares.append(_share(results.get(ways.AUTO), program))
    passed = outcome.verdicts[ways.NATIVE][0] == verdict.PASSED
    return (case.name, version(case), outcome.mode or "–",
            _symbols(native, program) or "none",
            str(_most(native, program)), "ok" if passed else "NOT RUN",
            library or "–", " / ".join(shares))


def markdown(outcomes, chosen):
    passed = sum(outcome.passed for outcome in outcomes)
    lines = [HEAD + f"{passed} of {len(outcomes)} rows passed; ways: "
             f"{', '.join(chosen)}.\n",
             "| program | version | mode | symbols | fds | native "
             "| under the library | answered |",
             "|---|---|---|---|---|---|---|---|"]
    lines += ["| " + " | ".join(_row(outcome)) + " |" for outcome in outcomes]
    lines += ["", "## What is hard about each", ""]
    cases = {outcome.case.name: outcome.case for outcome in outcomes}
    lines += [f"- **{name}**: {case.get('HARD')}"
              for name, case in cases.items()]
    lines += ["", "## Untouched, and why", ""]
    lines += [f"- **{outcome.title}**: {reason}" for outcome in outcomes
              if (reason := outcome.case.untouched(outcome.mode))]
    failures = [(outcome.title, way, why) for outcome in outcomes
                for way, (_, why) in outcome.verdicts.items() if why]
    if failures:
        lines += ["", "## Not passed", ""]
        lines += [f"- **{title}**, {way}: {' '.join(why.split())}"
                  for title, way, why in failures]
    return "\n".join(lines) + "\n"


def junit(outcomes):
    root = xml.Element("testsuites", name="compat")
    for outcome in outcomes:
        suite = xml.SubElement(root, "testsuite", name=outcome.title)
        for way, (_, why) in outcome.verdicts.items():
            result = outcome.results[way]
            test = xml.SubElement(
                suite, "testcase", name=way, time=f"{result['seconds']:.2f}",
                classname=f"compat.{outcome.title}")
            if why:
                # What could not run has shown nothing: no skip, an error.
                kind = "error" if way == ways.NATIVE else "failure"
                xml.SubElement(test, kind, message=why[:500]).text = why
        counts = {"tests": len(suite), "failures": len(suite.findall(
            "testcase/failure")), "errors": len(suite.findall(
                "testcase/error"))}
        for name, count in counts.items():
            suite.set(name, str(count))
    xml.indent(root)
    return xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
