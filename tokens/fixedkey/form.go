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

// Best is the form to use: what FormVariable says, if it says one that works here,
// or else the fastest that works here.
func Best() Form { f, _ := chosen(); return f }

// CheckForm says what is wrong with FormVariable. A program should ask at its
// start: Best goes on without it.
func CheckForm() error { _, err := chosen(); return err }

var chosen = sync.OnceValues(func() (Form, error) { return choose(os.Getenv(FormVariable)) })

func choose(name string) (Form, error) {
	best := IFMA.here()
	if name == "" {
		return best, nil
	}
	for f := range formCount {
		if formNames[f] == name && f.here() == f {
			return f, nil
		}
		if formNames[f] == name {
			return best, fmt.Errorf("%s: this processor has no AVX-512 IFMA; %s would be used", FormVariable, best)
		}
	}
	return best, fmt.Errorf("%s must be plain, scalar or ifma", FormVariable)
}
