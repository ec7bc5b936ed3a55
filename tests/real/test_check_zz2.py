from .checking import checked
import time
def show(r):
    for a in r.attempts:
        for s in a.steps: print("RES", s.stage, s.outcome, f"{s.began:.3f}+{s.seconds:.3f}", s.command, s.reply, s.why)
        for e in a.events: print("RES  ", f"{e.at:.3f}", type(e).__name__, getattr(e, "shown", None) or getattr(e, "raw", None) or getattr(e,"how",None) or getattr(e,"message",None))
def test_a(postfix):
    for i in range(5):
        r = checked(postfix, "tls_rate")
        print("RES", r.stage, r.outcome, r.exit_code)
    show(r)
    time.sleep(0.2)
    print("LOG", postfix.logs[0].read_text())
