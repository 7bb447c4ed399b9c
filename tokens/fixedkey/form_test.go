package fixedkey

import (
	"crypto/ed25519"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if !hasLanes {
		os.Stderr.WriteString("fixedkey: this processor has no AVX-512 IFMA: the ifma form is not tested, the scalar form is tested twice\n")
	}
	os.Exit(m.Run())
}

func sound(Form) error { return nil }

func TestFormIsChosenByName(t *testing.T) {
	best := IFMA.available()
	for name, want := range map[string]Form{"": best, "plain": Plain, "scalar": Scalar} {
		if c := choose(name, sound); c != (choice{form: want}) {
			t.Errorf("%q: %+v", name, c)
		}
	}
	if c := choose("ifma", sound); (c.err == nil) != hasLanes || c.form != best {
		t.Errorf("ifma, supported %v: %+v", hasLanes, c)
	}
	for _, name := range []string{"avx512", "IFMA", "best"} {
		if c := choose(name, sound); c.err == nil || c.form != best || !strings.Contains(c.err.Error(), FormVariable) {
			t.Errorf("%q: %+v", name, c)
		}
	}
}

// TestScalarFormReplacesIFMA covers processors without AVX-512 IFMA: a key of the IFMA
// form has the Scalar form, and forcing ifma is an error.
func TestScalarFormReplacesIFMA(t *testing.T) {
	had := hasLanes
	hasLanes = false
	defer func() { hasLanes = had }()
	private := ed25519.NewKeyFromSeed([]byte("a seed for a machine without it."))
	message := []byte("a message")
	key, err := New(private.Public().(ed25519.PublicKey), IFMA)
	if err != nil || key.Form() != Scalar || !key.Verify(message, ed25519.Sign(private, message)) {
		t.Fatalf("%v, %v", key.Form(), err)
	}
	if c := choose("", sound); c != (choice{form: Scalar}) {
		t.Errorf("chosen: %+v", c)
	}
	if c := choose("ifma", sound); c.form != Scalar || c.err == nil || !strings.Contains(c.err.Error(), "AVX-512 IFMA") {
		t.Errorf("forced: %+v", c)
	}
}

// TestEnvironmentForcesAForm runs itself in a child process, since the form is chosen
// once per process.
func TestEnvironmentForcesAForm(t *testing.T) {
	if os.Getenv(FormVariable) == "scalar" { // in the child process
		if Best() != Scalar || CheckForm() != nil {
			t.Fatalf("%v, %v", Best(), CheckForm())
		}
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEnvironmentForcesAForm$", "-test.v")
	child.Env = append(os.Environ(), FormVariable+"=scalar")
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestEnvironmentForcesAForm") {
		t.Fatalf("%v\n%s", err, out)
	}
}
