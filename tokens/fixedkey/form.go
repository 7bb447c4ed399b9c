package fixedkey

import (
	"fmt"
	"os"
	"sync"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
)

// FormVariable is the environment variable that chooses the form in which Best
// verifies: plain, scalar or ifma. Empty or not set: the fastest that works here.
const FormVariable = "RAILGATE_ED25519"

// hasLanes is a variable so that tests can take the instructions away.
var hasLanes = lanes.Supported()

// here is the form, or the one that takes its place on this processor.
func (f Form) here() Form {
	if f == IFMA && !hasLanes {
		return Scalar
	}
	return f
}

// Best is the form to use: that of FormVariable, if it names one that works here,
// or else the fastest that works here. A form works if it gives the known answers.
func Best() Form { return chosen().form }

// CheckForm says what is wrong with FormVariable: it names no form, or one that does
// not work here. A program should ask at its start, for Best then takes another form.
func CheckForm() error { return chosen().err }

// Fault says what is wrong with the fastest form, which this process therefore does
// not use; nil if nothing is. A program should log it as an error: verdicts are
// right, since they come from crypto/ed25519, and take several times as long.
func Fault() error { return chosen().fault }

// choice is the form of a process. It is made once.
type choice struct {
	form  Form
	err   error // of FormVariable
	fault error // of the fastest form
}

var chosen = sync.OnceValue(func() choice { return choose(os.Getenv(FormVariable), Form.checkKnownAnswers) })

// choose asks check whether the form gives the known answers. If it does not, the
// plain form takes its place, which must give them.
func choose(name string, check func(Form) error) choice {
	c := choice{form: IFMA.here()}
	forced := false
	if name != "" {
		var f Form
		if f, c.err = named(name); c.err == nil {
			c.form, forced = f, true
		}
	}
	wrong := check(c.form)
	if wrong == nil {
		return c
	}
	if forced {
		c.err = fmt.Errorf("%s=%s: %w; leave it out to verify in the plain form", FormVariable, name, wrong)
	} else {
		c.fault = wrong
	}
	if c.form == Plain {
		c.err = wrong
		return c
	}
	c.form = Plain
	if wrong := check(Plain); wrong != nil {
		c.err = wrong
	}
	return c
}

// named is the form of a name, if it can be had here.
func named(name string) (Form, error) {
	for f := range formCount {
		if formNames[f] == name && f.here() == f {
			return f, nil
		}
		if formNames[f] == name {
			return f, fmt.Errorf("%s: this processor has no AVX-512 IFMA; %s would be used", FormVariable, IFMA.here())
		}
	}
	return 0, fmt.Errorf("%s must be plain, scalar or ifma", FormVariable)
}
