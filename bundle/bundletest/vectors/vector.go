// Package vectors makes the test vectors in bundle/testdata/vectors: receipts and bundles, with the results that a
// reader must produce.
//
// It promises that the same source makes the same bytes, and that it does not use the code under test: documents
// are encoded here a second time, in plain code, after docs/offline.md. Only Ed25519, the codes and the control
// batches are shared. Its keys are public, so the vectors contain no secret.
package vectors

import "github.com/railgate/railgate/tokens/tokentest/vectorfile"

//go:generate go run ../genvectors -out ../../testdata/vectors

// Vector is one case. The README.md in the folder of the files explains every field.
type Vector struct {
	Name      string     `json:"name"`
	About     string     `json:"about"`
	Authority string     `json:"authority"`
	Device    string     `json:"device,omitempty"`
	Keys      []string   `json:"keys,omitempty"`
	Receipt   *Receipt   `json:"receipt,omitempty"`
	Bundles   []Document `json:"bundles,omitempty"`
	Scans     []Scan     `json:"scans,omitempty"`
}

// Receipt is a receipt with the result of reading it, and its fields if it is genuine.
type Receipt struct {
	Raw       string `json:"raw"`
	Expect    string `json:"expect"`
	Gateway   uint16 `json:"gateway,omitempty"`
	Code      string `json:"code,omitempty"`
	Scope     string `json:"scope,omitempty"`
	Decision  string `json:"decision,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Scanned   int64  `json:"scanned_ms,omitempty"`
	Judged    int64  `json:"judged_ms,omitempty"`
	Watermark int64  `json:"watermark_ms,omitempty"`
	Device    string `json:"device,omitempty"`
}

// Clock is a reading of the device's clocks.
type Clock struct {
	WallMS   int64  `json:"wall_ms"`
	SteadyMS int64  `json:"steady_ms"`
	Boot     uint64 `json:"boot"`
}

// Document is a bundle that a device is given, when it arrived, and the result.
type Document struct {
	Raw    string `json:"raw"`
	Clock  *Clock `json:"clock,omitempty"` // missing: it comes from a file
	Expect string `json:"expect"`
}

// Scan is one check after the bundles, and the verdict.
type Scan struct {
	Code    string `json:"code"`
	Scope   string `json:"scope"`
	Train   string `json:"train,omitempty"`
	Clock   Clock  `json:"clock"`
	Reason  string `json:"reason"`
	State   string `json:"state"`
	Flagged bool   `json:"flagged,omitempty"`
	Ticket  string `json:"ticket,omitempty"`
}

// NameOf returns the name of a vector.
func NameOf(v *Vector) string { return v.Name }

// ReadFolder reads every vector in a folder and returns an error if it has fewer than fewest.
func ReadFolder(folder string, fewest int) ([]*Vector, error) {
	return vectorfile.ReadFolder(folder, fewest, NameOf)
}
