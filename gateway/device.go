package gateway

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/passage"
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
	// Receipts permits receipt=1, which costs a signature for each check.
	Receipts bool

	entry DeviceEntry // as configured

	// resolved with the gateway's settings
	policy   Policy
	passback Passback
	ticket   Ticket
	place    passage.Place

	holds *holds // lock-free
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

	Receipts bool `toml:"receipts" doc:"true for a device that may ask for signed verdicts (receipt=1); each costs a signature"`

	Policy   PolicyEntry   `toml:"policy" doc:"gate policy of this device where it differs from revocation.policy"`
	Passback PassbackEntry `toml:"passback" doc:"policy on second use of this device where it differs from passback"`
	Ticket   TicketEntry   `toml:"ticket" doc:"policy on tickets of this device where it differs from ticket"`
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
		if _, err := DefaultPassback.With(e.Passback); err != nil {
			fault("passback: %v", err)
		}
		if _, err := DefaultTicket.With(e.Ticket); err != nil {
			fault("ticket: %v", err)
		}
		sum, err := hex.DecodeString(e.Hash)
		if err != nil || len(sum) != sha256.Size {
			fault("sha256 must be 64 hex digits")
			continue
		}
		if d.bySum[[sha256.Size]byte(sum)] != nil {
			fault("sha256 is that of another device")
		}
		d.bySum[[sha256.Size]byte(sum)] = &Device{ID: e.ID, Scopes: scopes, Offline: e.Offline, Receipts: e.Receipts, entry: e}
	}
	return d, errors.Join(faults...)
}

// Policies are the gateway's settings that a device entry may override.
type Policies struct {
	Policy   Policy   // zero: DefaultPolicy
	Passback Passback // zero: DefaultPassback, which is off
	Ticket   Ticket   // zero: DefaultTicket, which ignores tickets
}

func (p Policies) orDefaults() Policies {
	if p.Policy == (Policy{}) {
		p.Policy = DefaultPolicy
	}
	if p.Passback == (Passback{}) {
		p.Passback = DefaultPassback
	}
	if p.Ticket == (Ticket{}) {
		p.Ticket = DefaultTicket
	}
	return p
}

// Needs says what the devices' policies need of a gateway.
type Needs struct {
	// Window is the longest window of a device that checks second use. 0: no device does.
	Window time.Duration
	// Confirm reports whether a device reports the turn of its barrier.
	Confirm  bool
	Tickets  bool // a device looks tickets up
	Receipts bool // a device may ask for receipts
}

// Needs returns what the devices need under a gateway's policies, or why they cannot be at its station together.
func (d *Devices) Needs(p Policies, station string) (Needs, error) {
	table, err := d.resolve(p, station)
	if err != nil {
		return Needs{}, err
	}
	var n Needs
	for _, device := range table.bySum {
		if b := device.passback; b.Mode != ModeOff {
			n.Window, n.Confirm = max(n.Window, b.Window), n.Confirm || b.Confirm
		}
		n.Tickets = n.Tickets || device.ticket.Mode != ModeOff
		n.Receipts = n.Receipts || device.Receipts
	}
	return n, nil
}

// resolve returns the table with each device's policies derived from the gateway's, and its place at the
// station. It refuses devices that passages could not tell apart.
func (d *Devices) resolve(p Policies, station string) (*Devices, error) {
	p = p.orDefaults()
	table := &Devices{bySum: make(map[[sha256.Size]byte]*Device, len(d.bySum))}
	var faults []error
	var located []passage.Located
	for sum, device := range d.bySum {
		resolved := *device
		resolved.holds = new(holds)
		var errs [3]error
		resolved.policy, errs[0] = p.Policy.With(device.entry.Policy)
		resolved.passback, errs[1] = p.Passback.With(device.entry.Passback)
		resolved.ticket, errs[2] = p.Ticket.With(device.entry.Ticket)
		for i, name := range []string{"policy", "passback", "ticket"} {
			if errs[i] != nil {
				faults = append(faults, fmt.Errorf("device %q: %s: %w", device.ID, name, errs[i]))
			}
		}
		resolved.place = passage.PlaceOf(station, device.ID)
		if resolved.passback.Mode != ModeOff {
			located = append(located, passage.Located{Station: station, Device: device.ID})
		}
		table.bySum[sum] = &resolved
	}
	faults = append(faults, passage.Clash(located))
	return table, errors.Join(faults...)
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
