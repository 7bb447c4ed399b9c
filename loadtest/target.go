package loadtest

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// Target is the system under load.
type Target struct {
	Gateway string  `json:"gateway"` // URL without path
	Issuer  string  `json:"issuer"`  // URL without path; needed if the mix has revoked codes
	Device  string  `json:"device"`  // rgd_ and 64 hex: device credential for checks
	Staff   string  `json:"staff"`   // rgs_ and 64 hex: staff credential for revoking; needed like Issuer
	LoadKey LoadKey `json:"load_key"`
	// Passback is the credential of a device with passback, which mixes with reused codes use in place of Device.
	// Empty: Device.
	Passback string `json:"passback,omitempty"`
	// Second is the credential of another device, where reused codes are shown. Empty: the same device.
	Second string `json:"second,omitempty"`
	// SecondGateway is the URL of the gateway of Second. Empty: Gateway. Both gateways exchange their passages.
	SecondGateway string `json:"second_gateway,omitempty"`
}

// device returns the credential of the device at which a mix is shown.
func (t *Target) device(m Mix) string {
	if m[Reused] > 0 && t.Passback != "" {
		return t.Passback
	}
	return t.Device
}

func (t *Target) secondGateway() string {
	if t.SecondGateway != "" {
		return t.SecondGateway
	}
	return t.Gateway
}

// LoadKey is an issuer key that is announced only to gateways of test environments. The
// load test signs its own passes with it.
type LoadKey struct {
	ID   tokens.KeyID `json:"id"`
	Seed Seed         `json:"seed"`
}

// Seed is a private key's seed; it formats as a fixed text.
type Seed [signing.SeedSize]byte

// UnmarshalText parses 64 lower-case hex characters.
func (s *Seed) UnmarshalText(text []byte) error {
	if !lowerHex(string(text), 2*len(s)) {
		return fmt.Errorf("expected %d lower-case hex characters", 2*len(s))
	}
	_, err := hex.Decode(s[:], text)
	return err
}

// MarshalText writes the form that UnmarshalText parses, for target files.
func (s Seed) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s[:]), nil }

// Format keeps the seed out of every formatted text, with any verb.
func (s Seed) Format(f fmt.State, _ rune) { fmt.Fprint(f, "seed (private)") }

// ParseLoadKey parses ID:SEED, the form of the flag.
func ParseLoadKey(text string) (LoadKey, error) {
	id, seed, _ := strings.Cut(text, ":")
	n, err := strconv.ParseUint(id, 10, 16)
	var k LoadKey
	if err != nil || k.Seed.UnmarshalText([]byte(seed)) != nil {
		return LoadKey{}, fmt.Errorf("load key: expected ID:SEED, a number up to 65535 and %d lower-case hex characters", 2*len(k.Seed))
	}
	k.ID = tokens.KeyID(n)
	return k, nil
}

// Validate reports every field that is missing or malformed. full also requires the fields
// for revoking.
func (t *Target) Validate(full bool) error {
	var errs []error
	check := func(ok bool, field, expected string) {
		if !ok {
			errs = append(errs, fmt.Errorf("target: field %s: expected %s", field, expected))
		}
	}
	check(hostOf(t.Gateway) != "", "gateway", "a URL like http://127.0.0.1:8080")
	check(credential(t.Device, "rgd_"), "device", "rgd_ and 64 lower-case hex characters")
	check(t.LoadKey.Seed != Seed{}, "load_key", "an id and a seed of 64 lower-case hex characters")
	check(t.Passback == "" || credential(t.Passback, "rgd_"), "passback", "rgd_ and 64 lower-case hex characters")
	if t.Second != "" || t.SecondGateway != "" {
		check(credential(t.Second, "rgd_") && t.Second != t.Device && t.Second != t.Passback, "second", "rgd_ and 64 lower-case hex characters, of another device (a mix without reused codes needs none)")
	}
	check(t.SecondGateway == "" || hostOf(t.SecondGateway) != "" && t.SecondGateway != t.Gateway, "second_gateway",
		"a URL like http://127.0.0.1:8082, of another gateway")
	if full || t.Issuer != "" {
		check(hostOf(t.Issuer) != "", "issuer", "a URL like http://127.0.0.1:8081 (a mix without revoked codes needs none)")
	}
	if full || t.Staff != "" {
		check(credential(t.Staff, "rgs_"), "staff", "rgs_ and 64 lower-case hex characters (a mix without revoked codes needs none)")
	}
	return errors.Join(errs...)
}

// Loopback refuses a target on another machine: a load test of a gateway that others
// depend on is an attack on it.
func (t *Target) Loopback() error {
	var errs []error
	for _, side := range []struct{ name, url string }{{"gateway", t.Gateway}, {"issuer", t.Issuer}, {"second gateway", t.SecondGateway}} {
		host := hostOf(side.url)
		if ip := net.ParseIP(host); host != "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			errs = append(errs, fmt.Errorf("target: %s %s is not on this machine, and a load test of a system that others depend on is an attack on it; for a system of your own add -allow-remote", side.name, side.url))
		}
	}
	return errors.Join(errs...)
}

// hostOf returns the host of a URL that has only scheme, host and port, or an empty text.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Scheme+"://"+u.Host != text {
		return ""
	}
	return u.Hostname()
}

func credential(text, prefix string) bool {
	rest, ok := strings.CutPrefix(text, prefix)
	return ok && lowerHex(rest, 64)
}

func lowerHex(text string, size int) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(text) == size
}

// FirstLoadKey is the lowest id of a load key. Issuers assign no ids from here to their own keys.
const FirstLoadKey tokens.KeyID = 1 << 15

// NewTarget makes a load key and writes a target file with it, mode 0600. Fields that t
// lacks are written as placeholders. An existing file is not replaced: its key may be
// announced.
func NewTarget(path string, t Target) (LoadKey, error) {
	var id [2]byte
	if _, err := rand.Read(id[:]); err != nil {
		return LoadKey{}, err
	}
	t.LoadKey = LoadKey{ID: FirstLoadKey | tokens.KeyID(binary.BigEndian.Uint16(id[:])), Seed: signing.GenerateSeed()}
	for _, f := range []struct {
		field *string
		stand string
	}{
		{&t.Gateway, "REPLACE-WITH-URL"}, {&t.Issuer, "REPLACE-WITH-URL"},
		{&t.Device, "REPLACE-WITH-rgd_-AND-64-HEX-DIGITS"}, {&t.Staff, "REPLACE-WITH-rgs_-AND-64-HEX-DIGITS"},
	} {
		if *f.field == "" {
			*f.field = f.stand
		}
	}
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return LoadKey{}, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return LoadKey{}, fmt.Errorf("target file: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(path)
		return LoadKey{}, fmt.Errorf("target file: %w", err)
	}
	return t.LoadKey, nil
}

// Announcement returns the settings entry for the issuers of the system to be loaded. It
// contains only the public key.
func (k LoadKey) Announcement() string {
	public := signing.NewKey(k.Seed).Public()
	return fmt.Sprintf("[[announce]]\nid = %d\npublic = %q\n", k.ID, hex.EncodeToString(public[:]))
}
