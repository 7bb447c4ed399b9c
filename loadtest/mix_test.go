package loadtest

import (
	"strings"
	"testing"
)

func TestAMixIsReadAsItIsWritten(t *testing.T) {
	for _, m := range []Mix{DefaultMix, {Fresh: 1}, {Revoked: 3}, {Fresh: 7, Rescan: 100, Tampered: 1}} {
		got, err := ParseMix(m.String())
		if err != nil || got != m {
			t.Errorf("%s: got %s, %v", m, got, err)
		}
	}
	if got, err := ParseMix("stale=2"); err != nil || got != (Mix{Stale: 2}) {
		t.Errorf("kinds left out: got %s, %v", got, err)
	}
}

func TestAMixThatMeansNothingIsRefused(t *testing.T) {
	for text, complaint := range map[string]string{
		"":                    "no kind",
		"fresh":               "weight of fresh",
		"fresh=":              "weight of fresh",
		"fresh=-1":            "weight of fresh",
		"fresh=1.5":           "weight of fresh",
		"fresh=1000001":       "weight of fresh",
		"old=1":               `"old"`,
		"fresh=1,fresh=1":     "twice",
		"fresh=0":             "every weight",
		"rescan=1":            "needs fresh",
		"fresh=1, rescan=1":   `" rescan"`,
		"fresh=1,rescan=1,":   "no kind",
		"fresh=1=1":           "weight of fresh",
		"fresh=0x10,stale=10": "weight of fresh",
	} {
		if _, err := ParseMix(text); err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%q: got error %v, expected one with %q", text, err, complaint)
		}
	}
}
