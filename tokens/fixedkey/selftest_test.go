package fixedkey

import (
	"errors"
	"strings"
	"testing"
)

// Every form here gives every known answer, alone and in a batch.
func TestEveryFormGivesTheKnownAnswers(t *testing.T) {
	for f := range formCount {
		if err := f.checkKnownAnswers(); err != nil {
			t.Error(err)
		}
	}
}

// One wrong answer is noticed, whichever it is. To expect the opposite of one answer
// is the same as a form that gets that one wrong.
func TestOneWrongAnswerIsNoticed(t *testing.T) {
	all, err := knownAnswers()
	if err != nil || len(all) != 64 {
		t.Fatalf("%d known answers: %v", len(all), err)
	}
	for f := range formCount {
		for i := range all {
			all[i].good = !all[i].good
			if err := f.check(all); err == nil || !strings.Contains(err.Error(), "1 wrong answers alone and 1 in a batch to 64") {
				t.Errorf("%v, answer %d: %v", f, i, err)
			}
			all[i].good = !all[i].good
		}
	}
}

// A form whose arithmetic is wrong is replaced by the plain one, or refused if it was
// asked for; the plain one must give the answers in any case.
func TestAFaultyFormIsNotUsed(t *testing.T) {
	wrong := errors.New("a wrong answer")
	faulty := func(those ...Form) func(Form) error {
		return func(f Form) error {
			for _, one := range those {
				if f == one {
					return wrong
				}
			}
			return nil
		}
	}
	best := IFMA.here()
	if c := choose("", faulty(best)); c != (choice{form: Plain, fault: wrong}) {
		t.Errorf("by itself: %+v", c)
	}
	if c := choose("scalar", faulty(Scalar)); c.form != Plain || !errors.Is(c.err, wrong) || c.fault != nil || !strings.Contains(c.err.Error(), "RAILGATE_ED25519=scalar") {
		t.Errorf("forced: %+v", c)
	}
	if c := choose("plain", faulty(best)); c != (choice{form: Plain}) {
		t.Errorf("plain, which is not faulty: %+v", c)
	}
	if c := choose("", faulty(best, Plain)); c.form != Plain || !errors.Is(c.err, wrong) {
		t.Errorf("with no form left: %+v", c)
	}
	if c := choose("plain", faulty(Plain)); !errors.Is(c.err, wrong) {
		t.Errorf("plain, which is faulty: %+v", c)
	}
}

// What the known answers cost at the start, without the tables of the base point.
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
