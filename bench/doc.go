// Package bench measures the parts of a check and the whole check, each with a plain rival: code
// that one would write with the standard library and without optimization. It contains only tests
// and benchmarks; README.md describes how to run and read them.
//
// Both sides of a pair get the same inputs and give the same answers, which the tests check for
// valid and invalid inputs. Every answer is checked inside the measured loop. A quiet machine is
// not ensured: a figure is meaningful only next to its rival's from the same run.
package bench
