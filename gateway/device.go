package gateway

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/railgate/railgate/tokens"
)

// A device credential is this prefix and 64 lower-case hex digits: 256 random
// bits. That much entropy needs no slow hash; the configuration stores SHA-256.
const (
	CredentialPrefix = "rgd_"
	credentialSize   = len(CredentialPrefix) + 64
)

const bearer = "Bearer "

// Device is one gate, window or handheld that may send checks.
type Device struct {
	ID     string
	Scopes tokens.Scopes // the uses it may check for
	// Offline permits batches: scans made without a network and reported later.
	Offline bool

	override PolicyEntry
	policy   Policy
}

// Devices finds a device by its credential. It is immutable.
type Devices struct{ bySum map[[sha256.Size]byte]*Device }

// DeviceEntry is a device as configured.
type DeviceEntry struct {
	ID     string   `toml:"id" doc:"name of the device in errors about the settings, unique"`
	Hash   string   `toml:"sha256" doc:"SHA-256 of its credential, 64 hex digits"`
	Scopes []string `toml:"scopes" doc:"uses it may check for: sale refund change verify entry exit onboard"`
	// Offline is off for gates: in a batch, an expired code passes as a scan of the
	// minute in which it was current.
	Offline bool `toml:"offline" doc:"true for a handheld that scans without a network: it may send those scans later, in batches (POST /v1/checks)"`

	Policy PolicyEntry `toml:"policy" doc:"gate policy of this device where it differs from revocation.policy"`
}

// NewDevices builds the table. It reports all faults, each with its device, and
// prints no hashes.
func NewDevices(entries []DeviceEntry) (*Devices, error) {
	d := &Devices{bySum: make(map[[sha256.Size]byte]*Device, len(entries))}
	var faults []error
	names := map[string]bool{}
	for i, e := range entries {
		fault := func(format string, args ...any) {
			faults = append(faults, fmt.Errorf("device[%d] %q: %s", i, e.ID, fmt.Sprintf(format, args...)))
		}
		if e.ID == "" || len(e.ID) > 64 || names[e.ID] {
			fault("id must be set, unique and at most 64 characters")
		}
		names[e.ID] = true
		scopes, err := tokens.ParseScopes(e.Scopes)
		if err != nil {
			fault("scopes: %v", err)
		}
		if _, err := DefaultPolicy.With(e.Policy); err != nil {
			fault("policy: %v", err)
		}
		sum, err := hex.DecodeString(e.Hash)
		if err != nil || len(sum) != sha256.Size {
			fault("sha256 must be 64 hex digits")
			continue
		}
		if d.bySum[[sha256.Size]byte(sum)] != nil {
			fault("sha256 is that of another device")
		}
		d.bySum[[sha256.Size]byte(sum)] = &Device{ID: e.ID, Scopes: scopes, Offline: e.Offline, override: e.Policy}
	}
	return d, errors.Join(faults...)
}

// withPolicy returns the table with each device's policy derived from the gateway's.
func (d *Devices) withPolicy(p Policy) (*Devices, error) {
	table := &Devices{bySum: make(map[[sha256.Size]byte]*Device, len(d.bySum))}
	for sum, device := range d.bySum {
		resolved := *device
		var err error
		if resolved.policy, err = p.With(device.override); err != nil {
			return nil, fmt.Errorf("device %q: policy: %w", device.ID, err)
		}
		table.bySum[sum] = &resolved
	}
	return table, nil
}

// HashCredential returns the hash of a credential for a DeviceEntry.
func HashCredential(credential string) string {
	sum := sha256.Sum256([]byte(credential))
	return hex.EncodeToString(sum[:])
}

// Len returns the number of devices.
func (d *Devices) Len() int { return len(d.bySum) }

// authenticate returns the device that an Authorization header names, or nil. A
// missing, a malformed and an unknown credential have the same result, so a caller
// cannot tell them apart. The lookup is by hash, so its time reveals nothing about
// the credentials in the table.
func (d *Devices) authenticate(authorization []byte) *Device {
	if len(authorization) != len(bearer)+credentialSize ||
		string(authorization[:len(bearer)]) != bearer ||
		string(authorization[len(bearer):len(bearer)+len(CredentialPrefix)]) != CredentialPrefix {
		return nil
	}
	return d.bySum[sha256.Sum256(authorization[len(bearer):])]
}

// NewCredential makes a credential for a device: 256 bits from the system's random
// source. The device gets the credential, the gateway its HashCredential.
func NewCredential() string {
	var secret [32]byte
	rand.Read(secret[:]) // never fails since Go 1.24
	return CredentialPrefix + hex.EncodeToString(secret[:])
}
