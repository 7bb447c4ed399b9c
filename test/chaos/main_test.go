package main

import (
	"strings"
	"testing"
)

func TestErrorOfABadFlagNamesIt(t *testing.T) {
	for args, name := range map[string]string{
		"-minutes -1":              "-minutes",
		"-minutes 2000":            "-minutes",
		"-kafka 127.0.0.1:1":       "-kafka-dir",
		"-kafka-dir x":             "-kafka",
		"-postgres localhost:5432": "-postgres",
		"-latency -1":              "-latency",
		"-latency 10 -for 0s":      "-for",
		"-latency 10 -rounds 0":    "-rounds",
		"-against x":               "-against",
		"seven":                    "seven",
	} {
		if _, err := parse(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// Without its seed a run cannot be discussed or repeated.
func TestSeedIsNeverZero(t *testing.T) {
	for _, args := range []string{"", "-seed 0", "-seed 7"} {
		o, err := parse(strings.Fields(args))
		if err != nil || o.seed == 0 || args == "-seed 7" && o.seed != 7 {
			t.Errorf("%q: seed %d, %v", args, o.seed, err)
		}
	}
}
