package fixedkey

import (
	"errors"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness/runtest"
)

func TestEveryFormGivesTheKnownAnswers(t *testing.T) {
	for f := range formCount {
		if err := f.checkKnownAnswers(); err != nil {
			t.Error(err)
		}
	}
}

// TestOneWrongAnswerIsDetected inverts one expected answer at a time, which simulates a
// form that computes this answer wrongly.
func TestOneWrongAnswerIsDetected(t *testing.T) {
	all, err := knownAnswers()
	if err != nil || len(all) != 64 {
		t.Fatalf("%d known answers: %v", len(all), err)
	}
	for f := range formCount {
		for i := 0; i < len(all); i += runtest.Every(7) {
			all[i].good = !all[i].good
			if err := f.check(all); err == nil || !strings.Contains(err.Error(), "1 wrong answers alone and 1 in a batch to 64") {
				t.Errorf("%v, answer %d: %v", f, i, err)
			}
			all[i].good = !all[i].good
		}
	}
}

// TestFaultyFormIsNotUsed expects the plain form in place of a faulty one, an error if
// the faulty form was forced, and an error if the plain form is faulty.
func TestFaultyFormIsNotUsed(t *testing.T) {
	wrong := errors.New("a wrong answer")
	faulty := func(forms ...Form) func(Form) error {
		return func(f Form) error {
			for _, one := range forms {
				if f == one {
					return wrong
				}
			}
			return nil
		}
	}
	best := IFMA.available()
	if c := choose("", faulty(best)); c != (choice{form: Plain, fault: wrong}) {
		t.Errorf("default: %+v", c)
	}
	if c := choose("scalar", faulty(Scalar)); c.form != Plain || !errors.Is(c.err, wrong) || c.fault != nil || !strings.Contains(c.err.Error(), "RAILGATE_ED25519=scalar") {
		t.Errorf("forced: %+v", c)
	}
	if c := choose("plain", faulty(best)); c != (choice{form: Plain}) {
		t.Errorf("plain, not faulty: %+v", c)
	}
	if c := choose("", faulty(best, Plain)); c.form != Plain || !errors.Is(c.err, wrong) {
		t.Errorf("every form faulty: %+v", c)
	}
	if c := choose("plain", faulty(Plain)); !errors.Is(c.err, wrong) {
		t.Errorf("plain, faulty: %+v", c)
	}
}

// BenchmarkKnownAnswers measures the self-test at process start, without the tables of
// the base point.
func BenchmarkKnownAnswers(b *testing.B) {
	for f := range formCount {
		b.Run(f.String(), func(b *testing.B) {
			base()
			if hasLanes {
				laneBase()
			}
			for b.Loop() {
				if err := f.checkKnownAnswers(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
