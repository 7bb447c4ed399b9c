package rules

import (
	"errors"
	"fmt"
)

// private, embedded, keeps personal data out of logs: what embeds it prints as
// "(private)" under every verb of fmt, and does not become JSON, which loggers
// write of structs.
type private struct{}

// errPrivate says what a mistake it is.
var errPrivate = errors.New("registry: personal data is not written as JSON")

// Format hides the value.
func (private) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(private)")) }

// MarshalJSON refuses.
func (private) MarshalJSON() ([]byte, error) { return nil, errPrivate }
