package fixedkey

import (
	"fmt"
	"os"
	"sync"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
)

// FormVariable is the environment variable that sets the form of [Best]: plain, scalar
// or ifma. If it is empty or not set, Best is the fastest form that works on this
// processor.
const FormVariable = "RAILGATE_ED25519"

// hasLanes is a variable so that tests can simulate a processor without AVX-512 IFMA.
var hasLanes = lanes.Supported()

// available returns f, or the form that replaces it on this processor.
func (f Form) available() Form {
	if f == IFMA && !hasLanes {
		return Scalar
	}
	return f
}

// Best returns the form to use: the form in [FormVariable] if it works on this
// processor, otherwise the fastest form that does. A form works if it gives the known
// answers.
func Best() Form { return chosen().form }

// CheckForm returns an error if [FormVariable] is not the name of a form or the form
// does not work on this processor. Best then returns another form, so a program should
// call CheckForm when it starts.
func CheckForm() error { return chosen().err }

// Fault returns an error if the fastest form gives wrong answers and this process
// therefore uses crypto/ed25519. A program should log it as an error: verdicts are
// correct and take several times as long.
func Fault() error { return chosen().fault }

// choice is the form of a process. It is determined once.
type choice struct {
	form  Form
	err   error // see CheckForm
	fault error // see Fault
}

var chosen = sync.OnceValue(func() choice { return choose(os.Getenv(FormVariable), Form.checkKnownAnswers) })

// choose returns the form with this name, or the fastest form for an empty name. If
// check finds that it does not give the known answers, the plain form replaces it,
// which must give them.
func choose(name string, check func(Form) error) choice {
	c := choice{form: IFMA.available()}
	forced := false
	if name != "" {
		var f Form
		if f, c.err = formNamed(name); c.err == nil {
			c.form, forced = f, true
		}
	}
	wrong := check(c.form)
	if wrong == nil {
		return c
	}
	if forced {
		c.err = fmt.Errorf("%s=%s: %w; unset the variable to verify in the plain form", FormVariable, name, wrong)
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

// formNamed returns the form with this name. It returns an error if this processor does
// not support the form.
func formNamed(name string) (Form, error) {
	for f := range formCount {
		if formNames[f] == name && f.available() == f {
			return f, nil
		}
		if formNames[f] == name {
			return f, fmt.Errorf("%s: this processor has no AVX-512 IFMA; set %s or unset the variable", FormVariable, IFMA.available())
		}
	}
	return 0, fmt.Errorf("%s must be plain, scalar or ifma", FormVariable)
}
