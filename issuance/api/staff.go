package api

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/refusal"
)

const (
	staffPrefix = "rgs_"
	bearer      = "Bearer "
	secretSize  = 32 // random bytes of a staff credential
)

// StaffCredential lets whoever holds the secret revoke. The secret is "rgs_"
// and 64 lower-case hex digits; only its hash is configured.
type StaffCredential struct {
	Name   string // stands in the audit table and the log
	SHA256 string // of the whole secret, 64 lower-case hex digits
}

// NewStaffCredential makes a secret and the credential to configure for it.
func NewStaffCredential(name string) (secret string, c StaffCredential) {
	b := make([]byte, secretSize)
	rand.Read(b)
	secret = staffPrefix + hex.EncodeToString(b)
	sum := sha256.Sum256([]byte(secret))
	return secret, StaffCredential{name, hex.EncodeToString(sum[:])}
}

// staffList finds staff by the hash of their secret. Comparing hashes of a
// 256-bit secret in variable time tells nothing about the secret.
type staffList map[[sha256.Size]byte]issuance.Staff

func newStaffList(credentials []StaffCredential) (staffList, error) {
	list := make(staffList, len(credentials))
	names := make(map[string]bool, len(credentials))
	var wrong []error
	for i, c := range credentials {
		raw, err := hex.DecodeString(c.SHA256)
		switch {
		case c.Name == "" || len(c.Name) > 64:
			wrong = append(wrong, fmt.Errorf("staff credential %d: a name of 1 to 64 bytes is needed", i+1))
		case names[c.Name]:
			wrong = append(wrong, fmt.Errorf("staff credential %d: the name stands twice", i+1))
		case err != nil || len(raw) != sha256.Size || strings.ToLower(c.SHA256) != c.SHA256:
			wrong = append(wrong, fmt.Errorf("staff credential %d: sha256 must be 64 lower-case hex digits", i+1))
		default:
			hash := [sha256.Size]byte(raw)
			if _, twice := list[hash]; twice {
				wrong = append(wrong, fmt.Errorf("staff credential %d: the hash stands twice", i+1))
			}
			list[hash] = issuance.Staff{Name: c.Name}
		}
		names[c.Name] = true
	}
	return list, errors.Join(wrong...)
}

// find answers for a request's staff credential; unknown and missing are one.
func (l staffList) find(r *http.Request) (issuance.Staff, error) {
	staff, ok := l[sha256.Sum256([]byte(bearerToken(r)))]
	if !ok {
		return issuance.Staff{}, &refusal.Refusal{Code: StaffUnknown}
	}
	return staff, nil
}

// bearerToken is the request's one bearer token, or empty.
func bearerToken(r *http.Request) string {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return ""
	}
	token, ok := strings.CutPrefix(values[0], bearer)
	if !ok {
		return ""
	}
	return token
}
