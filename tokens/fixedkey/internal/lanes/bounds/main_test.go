package main

import (
	"io"
	"strings"
	"testing"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/program"
)

func TestNoWordOverflows(t *testing.T) {
	var output strings.Builder
	if err := prove(&output, program.New()); err != nil {
		t.Fatal(err)
	}
	if err := proveFinish(&output, program.NewFinish()); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", output.String())
}

// TestProofDetectsMissingSteps omits one carry at a time, and then the addition before
// a subtraction. The proof must fail.
func TestProofDetectsMissingSteps(t *testing.T) {
	pieces := func(k *program.Kernel) map[string]*[]program.Step {
		return map[string]*[]program.Step{"start": &k.Start, "round": &k.Round, "join": &k.Join}
	}
	for name := range pieces(program.New()) {
		count := 0
		for n := range *pieces(program.New())[name] {
			k := program.New()
			steps := *pieces(k)[name]
			if steps[n].Op != program.And {
				continue
			}
			count++
			steps[n].B = steps[n].A // the limb keeps the bits that it carries
			if err := prove(io.Discard, k); err == nil || !strings.HasPrefix(err.Error(), name) {
				t.Errorf("%s: without the mask of step %d: %v, want an error", name, n, err)
			}
		}
		if count == 0 {
			t.Errorf("%s has no carry", name)
		}
	}
	k := program.New()
	for n := range k.Setup {
		if k.Setup[n].M.Index == 3 { // bias of limbs 1 to 4
			k.Setup[n].M.Index = 0
		}
	}
	if err := prove(io.Discard, k); err == nil || !strings.Contains(err.Error(), "sub: from -") {
		t.Errorf("without the addition before a subtraction: %v, want an error", err)
	}
}

// TestFinishProofDetectsMissingCarries omits one carry at a time at the end of a batch.
func TestFinishProofDetectsMissingCarries(t *testing.T) {
	pieces := func(f *program.Finish) map[string]*[]program.Step {
		return map[string]*[]program.Step{"multiply": &f.Multiply, "compare": &f.Compare}
	}
	for name, all := range pieces(program.NewFinish()) {
		count := 0
		for n := range *all {
			f := program.NewFinish()
			steps := *pieces(f)[name]
			if steps[n].Op != program.And {
				continue
			}
			count++
			steps[n].B = steps[n].A
			if err := proveFinish(io.Discard, f); err == nil || !strings.HasPrefix(err.Error(), name) {
				t.Errorf("%s: without the mask of step %d: %v, want an error", name, n, err)
			}
		}
		if count == 0 {
			t.Errorf("%s has no carry", name)
		}
	}
}
