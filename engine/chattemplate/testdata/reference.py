"""Renders templates with Python's jinja2 as Hugging Face transformers does.

Reads a JSON list of {"template", "context"} on standard input and writes a JSON
list of {"out"} or {"error"} in the same order. Where transformers is installed
its own set-up of jinja2 is used, else the same settings are made here. With the
argument "version" it only says which of them that is.
"""
import datetime
import functools
import json
import sys
import warnings

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox

NOW = datetime.datetime(2026, 11, 22, 7, 5, 9)

try:
    import transformers
    from transformers.utils.chat_template_utils import _compile_jinja_template as compile_template
    REFERENCE = f"transformers {transformers.__version__}, jinja2 {jinja2.__version__}"
except ImportError:
    REFERENCE = f"jinja2 {jinja2.__version__}"

    class Generation(jinja2.ext.Extension):
        tags = {"generation"}

        def parse(self, parser):
            line = next(parser.stream).lineno
            body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
            call = self.call_method("render")
            return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

        def render(self, caller):
            return caller()

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent,
                          separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True,
        extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    compile_template = env.from_string

if sys.argv[1:] == ["version"]:
    print(REFERENCE)
    sys.exit()

warnings.simplefilter("ignore")


@functools.lru_cache(maxsize=4)
def compiled(source):
    template = compile_template(source)
    template.environment.globals["strftime_now"] = NOW.strftime
    return template


answers = []
for case in json.load(sys.stdin):
    try:
        out = compiled(case["template"]).render(**case["context"])
        out.encode()
        answers.append({"out": out})
    except Exception as e:
        answers.append({"error": type(e).__name__ + ": " + str(e)})
json.dump(answers, sys.stdout)
