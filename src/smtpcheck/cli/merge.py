"""`smtpcheck merge`: the results of several runs as one report."""

from collections.abc import Callable
from typing import Annotated

import typer

from smtpcheck.cli.misuse import Misuse


def merge(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", rich_help_panel="Arguments", help="Results of batch --out (JSONL)."),
    ],
    report: Annotated[
        list[str] | None,
        typer.Option(
            "--report", metavar="FORMAT[=FILE]", rich_help_panel="Output", help="As for check. Can be repeated."
        ),
    ] = None,
    anonymize: Annotated[
        bool,
        typer.Option("--anonymize", rich_help_panel="Output", help="Replace names and addresses in every report."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", rich_help_panel="Output", help="The merged results (JSONL).")] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", rich_help_panel="Output", help="Only what failed, and the count.")
    ] = False,
) -> Callable[[], int]:
    """Make one report of the parts; of a target that is there twice, the newest result counts.

    Exit codes: 0 all passed, 1 something failed, 2 usage.
    """
    from smtpcheck.cli.outputs import opened, parse_outputs, write_all

    outputs = parse_outputs(report or ())
    if json and (quiet or outputs.stdout is not None):
        other = "-q" if quiet else f"--report {outputs.stdout}"
        raise Misuse(f"--json contradicts {other}: both say what standard output holds")

    def run() -> int:
        import shutil
        import sys
        from dataclasses import replace

        from smtpcheck.cli.session import is_terminal, shareable
        from smtpcheck.report import render_all
        from smtpcheck.report.results import line, newest, read_results
        from smtpcheck.report.row import row, summary
        from smtpcheck.report.style import choose_ascii

        results = newest(result for path in files for result in read_results(path).results)
        if anonymize:
            results = [replace(result, report=shareable(result.report)) for result in results]
        reports = [result.report for result in results]
        passed = sum(one.exit_code == 0 for one in reports)
        ascii = choose_ascii(getattr(sys.stdout, "encoding", None))
        if json:
            text = "".join(line(result.report, result.name) for result in results)
        elif outputs.stdout is not None:
            text = render_all(reports, outputs.stdout)
        else:
            width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
            rows = [row(one, ascii=ascii, width=width) for one in reports if not (quiet and one.exit_code == 0)]
            text = "".join(rows) + summary(len(reports), passed)
        with opened(outputs) as opened_files:
            try:
                if sys.stdout is not None:
                    sys.stdout.write(text)
                    sys.stdout.flush()
            finally:
                write_all(opened_files, lambda format: render_all(reports, format))
        return 0 if passed == len(reports) else 1

    return run
