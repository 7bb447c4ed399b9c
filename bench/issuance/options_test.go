package main

import (
	"errors"
	"flag"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/tool"
)

func TestErrorOfAWrongFlagNamesIt(t *testing.T) {
	for _, c := range []struct{ args, complaint string }{
		{"-fast", "-fast"}, {"now", `"now"`}, {"-only nothing", `"nothing"`},
		{"-rounds 0", "-rounds"}, {"-rounds 101", "-rounds"}, {"-round 1ms", "-round"}, {"-round 21s", "-round"},
		{"-rate 0", "-rate"}, {"-rate 3", "-rate"}, {"-rate NaN", "-rate"}, {"-gate-rate 1", "-gate-rate"}, {"-gate-rate 30000", "-gate-rate"},
		{"-connections 2", "-connections"}, {"-connections 129", "-connections"}, {"-people 0", "-people"}, {"-people 50001", "-people"},
		{"-sessions 0", "-sessions"}, {"-sessions 50001", "-sessions"}, {"-database mysql", "-database"}, {"-port 80", "-port"}, {"-port 70000", "-port"},
	} {
		var usage tool.Usage
		if _, err := parse(strings.Fields(c.args), io.Discard); !errors.As(err, &usage) || !strings.Contains(err.Error(), c.complaint) {
			t.Errorf("%s: %v", c.args, err)
		}
	}
}

func TestHelpNamesEveryGroupAndFlag(t *testing.T) {
	var out strings.Builder
	if _, err := parse([]string{"-h"}, &out); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	for _, want := range append(groups(), isolationRun, "-only", "-rounds", "-round", "-rate", "-gate-rate", "-database", "-port", "-out", "Exit codes") {
		if !strings.Contains(out.String(), want) {
			t.Errorf("help does not mention %s", want)
		}
	}
}

// Only a run with the default flags is stored without -out.
func TestOnlyAWholeRunIsStoredByDefault(t *testing.T) {
	m := tool.Machine{CPU: "AMD EPYC(TM) 7B13 CPU @ 2.45GHz"}
	for args, file := range map[string]string{
		"": "-amd-epyc-7b13-issuance.txt", "-rounds 5": "-amd-epyc-7b13-issuance.txt", "-port 19851": "-amd-epyc-7b13-issuance.txt",
		"-out here.txt": "here.txt", "-rounds 1 -out here.txt": "here.txt",
		"-rounds 6": "", "-only codes": "", "-database sqlite": "", "-rate 0.4": "", "-connections 31": "",
	} {
		o, err := parse(strings.Fields(args), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if got := o.outFile("root", m); !strings.HasSuffix(got, file) || (file == "") != (got == "") {
			t.Errorf("%q is stored in %q, want …%s", args, got, file)
		} else if strings.HasPrefix(file, "-") && filepath.Dir(got) != filepath.Join("root", "bench", "results") {
			t.Errorf("%q is stored in %q", args, got)
		}
	}
}

// The command in a report repeats the run.
func TestReportedCommandRepeatsTheRun(t *testing.T) {
	o, err := parse(strings.Fields("-only codes,isolation -rounds 7 -round 1500ms -rate 0.25 -gate-rate 50 -connections 9 -people 8 -sessions 7 -database sqlite"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	args := strings.Fields(o.command())[3:]
	again, err := parse(args, io.Discard)
	if err != nil || again.command() != o.command() {
		t.Errorf("%v: %s, want %s", err, again.command(), o.command())
	}
}
