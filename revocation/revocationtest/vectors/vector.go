// Package vectors makes the test vectors in revocation/testdata/vectors: messages of the control stream and of
// the stream of bookings, with the results that a reader must produce.
//
// It promises that the same source makes the same bytes, and that it does not use the code under test:
// batches are encoded here a second time, in plain code, after docs/revocation.md. Only Ed25519 itself is
// shared. Its keys are public, so the vectors contain no secret.
package vectors

import "github.com/railgate/railgate/tokens/tokentest/vectorfile"

//go:generate go run ../genvectors -out ../../testdata/vectors

// Vector is one case. The README.md in the folder of the files explains every field.
type Vector struct {
	Name       string    `json:"name"`
	About      string    `json:"about"`
	Domain     string    `json:"domain,omitempty"` // "bookings"; empty: the control stream
	Authority  string    `json:"authority"`
	Partitions int       `json:"partitions"`
	SinceMS    int64     `json:"since_ms"`
	Messages   []Message `json:"messages"`
	Expect     Expect    `json:"expect"`
}

// Message is one message of a partition, and the time at which the reader reads it.
type Message struct {
	Partition int    `json:"partition"`
	NowMS     int64  `json:"now_ms"`
	Raw       string `json:"raw"`
	Outcome   string `json:"outcome"`
}

// Expect is the reader's state after the last message.
type Expect struct {
	WatermarkMS    int64           `json:"watermark_ms"`
	Suspect        bool            `json:"suspect"`
	Revoked        []string        `json:"revoked"`
	NotRevoked     []string        `json:"not_revoked,omitempty"`
	ClosedSessions []ClosedSession `json:"closed_sessions"`
	OpenSessions   []ClosedSession `json:"open_sessions,omitempty"`
	Keys           []Key           `json:"keys"`
	SubjectCutoffs []SubjectCutoff `json:"subject_cut_offs"`
	UnknownKinds   int             `json:"unknown_kinds"`

	Gateways       []Gateway      `json:"gateways,omitempty"`
	Forgiven       []Forgiven     `json:"forgiven,omitempty"`
	NotForgiven    []string       `json:"not_forgiven,omitempty"`
	Amnesties      []Amnesty      `json:"amnesties,omitempty"`
	AmnestyQueries []AmnestyQuery `json:"amnesty_queries,omitempty"`
	Bookings       []Booking      `json:"bookings,omitempty"`
}

// ClosedSession is a session and the second in which it was closed; 0 for an open one.
type ClosedSession struct {
	Serial   string `json:"serial"`
	Start    int64  `json:"start"`
	ClosedAt int64  `json:"closed_at,omitempty"`
}

// Key is an issuer key that the stream announced.
type Key struct {
	ID     uint16   `json:"id"`
	Public string   `json:"public"`
	Cutoff *int64   `json:"cut_off,omitempty"`
	Exempt []string `json:"exempt,omitempty"`
}

// SubjectCutoff is the earliest valid session start of a subject.
type SubjectCutoff struct {
	Subject       string `json:"subject"`
	EarliestStart int64  `json:"earliest_start"`
}

// Gateway is a gateway whose key the stream announced.
type Gateway struct {
	ID     uint16 `json:"id"`
	Public string `json:"public"`
	Cutoff *int64 `json:"cut_off,omitempty"`
}

// Forgiven is a serial whose passages up to a time do not count.
type Forgiven struct {
	Serial  string `json:"serial"`
	UntilMS int64  `json:"until_ms"`
}

// Amnesty is a time in which an amnesty applies.
type Amnesty struct {
	Scopes  []string `json:"scopes"`
	Station string   `json:"station"` // hexadecimal; zeros: every station
	From    int64    `json:"from"`
	Until   int64    `json:"until"`
}

// AmnestyQuery is a scan, and whether an amnesty covers it.
type AmnestyQuery struct {
	Station string `json:"station"`
	Scope   string `json:"scope"`
	At      int64  `json:"at"`
	Covered bool   `json:"covered"`
}

// Booking is a booking that the reader passes on.
type Booking struct {
	Body string `json:"body"` // hexadecimal
	AtMS int64  `json:"at_ms"`
}

// File returns the vector as it is committed.
func (v *Vector) File() []byte { return vectorfile.Encode(v) }

// NameOf returns the vector's name, which is also that of its file.
func NameOf(v *Vector) string { return v.Name }

// ReadFolder reads every vector in a folder, see [vectorfile.ReadFolder].
func ReadFolder(folder string, fewest int) ([]*Vector, error) {
	return vectorfile.ReadFolder(folder, fewest, NameOf)
}
