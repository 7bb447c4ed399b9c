// Package vectors makes the test vectors in tokens/testdata/vectors: cases for every
// implementation of the format, each with its expected reason.
//
// The same source makes the same bytes. No vector is made with the code under test:
// bodies, chains, base45 and expected reasons are written here a second time, after
// docs/token-format.md. Only Ed25519 itself is shared. The keys are public, so no
// vector contains a secret.
package vectors

import (
	"fmt"

	"github.com/railgate/railgate/tokens/tokentest/vectorfile"
)

//go:generate go run ../genvectors -out ../../testdata/vectors -picture ../../../docs/pictures/code.png

// Vector is one case. tokens/testdata/vectors/README.md explains every field.
type Vector struct {
	Name           string          `json:"name"`
	About          string          `json:"about"`
	Text           *string         `json:"text,omitempty"`
	Wire           string          `json:"wire,omitempty"`
	Now            int64           `json:"now"`
	Scope          string          `json:"scope"`
	Keys           []Key           `json:"keys"`
	Revoked        []string        `json:"revoked,omitempty"`
	SubjectCutoffs []SubjectCutoff `json:"subject_cut_offs,omitempty"`
	ClosedSessions []ClosedSession `json:"closed_sessions,omitempty"`
	Expect         Expect          `json:"expect"`
	Fields         *Fields         `json:"fields,omitempty"`
	Chain          *Chain          `json:"chain,omitempty"`
}

// Chain contains the secret part of a session, for finding errors in a hash chain.
type Chain struct {
	Seed  string   `json:"seed"`
	Links []string `json:"links"` // link of each step, step 0 first
}

// Key is one issuer key of the gate.
type Key struct {
	ID     uint16   `json:"id"`
	Public string   `json:"public"`
	Cutoff *int64   `json:"cut_off,omitempty"`
	Exempt []string `json:"exempt,omitempty"`
}

// SubjectCutoff is a subject's cutoff: the earliest session start at which its passes
// are valid.
type SubjectCutoff struct {
	Subject       string `json:"subject"`
	EarliestStart int64  `json:"earliest_start"`
}

// ClosedSession is a session that its holder closed at now or earlier.
type ClosedSession struct {
	Serial string `json:"serial"`
	Start  int64  `json:"start"`
}

// Expect is the expected answer.
type Expect struct {
	Reason string `json:"reason"`
	Class  string `json:"class"`
}

// Fields contains the fields of a code with the answer ok.
type Fields struct {
	Key     uint16   `json:"key"`
	Day     uint16   `json:"day"`
	Index   uint32   `json:"index"`
	Subject string   `json:"subject"`
	Start   int64    `json:"start"`
	Expiry  int64    `json:"expiry"`
	Period  int64    `json:"period"`
	Length  int64    `json:"length"`
	Scopes  []string `json:"scopes"`
	Anchor  string   `json:"anchor"`
	Step    int64    `json:"step"`
	Link    string   `json:"link"`
}

// File returns the content of the vector's file.
func (v *Vector) File() []byte { return vectorfile.Encode(v) }

// NameOf returns the vector's name, which is also its file name without .json.
func NameOf(v *Vector) string { return v.Name }

// ReadFolder reads every vector in a folder, see [vectorfile.ReadFolder]. It returns
// an error for a vector that has neither text nor wire.
func ReadFolder(folder string, fewest int) ([]*Vector, error) {
	all, err := vectorfile.ReadFolder(folder, fewest, NameOf)
	for _, v := range all {
		if v.Text == nil && v.Wire == "" {
			return nil, fmt.Errorf("vector %s has neither text nor wire", v.Name)
		}
	}
	return all, err
}
