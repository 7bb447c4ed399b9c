package passage_test

import (
	"os/exec"
	"testing"
)

// A reader that was written in another language from docs/passback.md gives every vector its result.
func TestVectorsInPython(t *testing.T) {
	if err := exec.CommandContext(t.Context(), "python3", "-c", "import cryptography").Run(); err != nil {
		t.Skip("python3 with the package cryptography is not installed")
	}
	if out, err := exec.CommandContext(t.Context(), "python3", "../docs/examples/passages.py", "testdata").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
