"""Counts the TCK's results by class, and refuses a log in which -Xcheck:jni complains."""

import re
import sys
import xml.etree.ElementTree as xml
from collections import Counter

# What the JVM prints for a wrong use of JNI.
COMPLAINT = re.compile(r"WARNING in native method|FATAL ERROR in native method|WARNING: JNI")


def main(results_path, log_path, junit_path):
    counts = {}
    failed = []
    suite = xml.Element("testsuite", name="reactive-streams-tck")
    for test_class in xml.parse(results_path).iter("class"):
        tck_class = test_class.get("name").split("$")[-1]
        for method in test_class.iter("test-method"):
            if method.get("is-config") == "true":
                continue
            name = method.get("test-instance-name") or tck_class
            row = counts.setdefault(name, Counter())
            status = method.get("status").lower()
            row[status] += 1
            case = xml.SubElement(suite, "testcase", classname=name, name=method.get("name"))
            if status != "pass":
                xml.SubElement(case, "skipped" if status == "skip" else "failure")
            if status == "fail":
                message = method.findtext("exception/message") or ""
                failed.append(f"{name}.{method.get('name')}: {message.strip()}")
    total = sum(counts.values(), Counter())
    print(f"{'class':44} {'passed':>7} {'failed':>7} {'skipped':>8}")
    for name in sorted(counts):
        row = counts[name]
        print(f"{name:44} {row['pass']:7} {row['fail']:7} {row['skip']:8}")
    for line in failed:
        print("FAILED", line)
    with open(log_path, encoding="utf-8", errors="replace") as log:
        complaints = [line.strip() for line in log if COMPLAINT.search(line)]
    for line in complaints[:10]:
        print("JNI", line)
    if complaints:
        case = xml.SubElement(suite, "testcase", classname="jni", name="Xcheck is silent")
        xml.SubElement(case, "failure").text = "\n".join(complaints[:10])
    xml.ElementTree(suite).write(junit_path, encoding="utf-8", xml_declaration=True)
    run = total["pass"] + total["fail"]
    print(
        f"tck: {run} run, {total['pass']} passed, {total['fail']} failed, {total['skip']} skipped, "
        f"{len(complaints)} JNI complaints"
    )
    return 0 if run > 0 and not total["fail"] and not complaints else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
