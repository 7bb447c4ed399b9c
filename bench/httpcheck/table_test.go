package main

import (
	"strings"
	"testing"
	"time"
)

func rounds(perRound ...int) (all []figures) {
	for _, n := range perRound {
		all = append(all, figures{answers: n, took: time.Second, cpu: 950 * time.Millisecond})
	}
	return all
}

func TestTheTableTellsMediansRatioAndFloor(t *testing.T) {
	var out strings.Builder
	writeTable(&out, &side{name: "ours", rounds: rounds(50, 80, 90)}, &side{name: "plain-noop", rounds: rounds(100, 300, 100)})
	for _, want := range []string{"| ours | 80 | 11875.00 | 95.0 % |", "| plain-noop | 100 |", "| ours / plain-noop | 0.800 | 1.250 | |", ": held\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "note:") {
		t.Errorf("both servers were busy, but the table says otherwise:\n%s", out.String())
	}

	out.Reset()
	lazy := rounds(59)
	lazy[0].cpu = time.Second / 2
	writeTable(&out, &side{name: "ours", rounds: lazy}, &side{name: "plain-noop", rounds: rounds(90, 110)})
	for _, want := range []string{"| 0.590 |", "NOT HELD", "note: ours did not get its whole core busy"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}
