package house

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/railgate/railgate/loadtest"
	"github.com/railgate/railgate/tokens/signing"
)

// loadKeyID is the key with which the load test signs passes of its own.
const loadKeyID = 40001

const (
	heartbeat   = time.Second      // the issuer's default
	initWithin  = 30 * time.Second // of a binary that only prints
	topic       = "railgate.control"
	replication = 1
)

// furnish makes keys, credentials and the files of issuer, gateway and load
// test, with the binaries' own -init, -new-staff and -new-device.
func (h *House) furnish(ctx context.Context, p Plan, database string) error {
	ports, err := freeAddresses(4)
	if err != nil {
		return err
	}
	h.Issuer, h.Gateway = ports[0], ports[1]
	ask := func(name string, args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, initWithin)
		defer cancel()
		out, err := exec.CommandContext(ctx, p.Binaries.Path(name), args...).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("%s %s: %w: %s", name, args[0], err, out)
		}
		return string(out), nil
	}
	made, err := ask("issuer", "-init", h.file("keys"))
	if err != nil {
		return err
	}
	authority := regexp.MustCompile(`authority = "[0-9a-f]{64}"`).FindString(made)
	staff, err := ask("issuer", "-new-staff", "bench", "-roles", "window,police")
	if err != nil {
		return err
	}
	device, err := ask("gateway", "-new-device", "bench-gate")
	if err != nil {
		return err
	}
	var staffEntry, deviceEntry, deviceSecret string
	h.Staff, staffEntry = credential(staff, "rgs_", "[[staff]]")
	deviceSecret, deviceEntry = credential(device, "rgd_", "[[device]]")
	if authority == "" || staffEntry == "" || deviceEntry == "" {
		return fmt.Errorf("the binaries did not print a key, a credential or its entry")
	}
	seed := signing.GenerateSeed()
	public := signing.NewKey(seed).Public()
	brokers, err := json.Marshal(h.broker.Addresses()) // a TOML list of strings is spelled alike
	if err != nil {
		return err
	}
	target, err := json.Marshal(loadtest.Target{Gateway: "http://" + h.Gateway, Issuer: "http://" + h.Issuer,
		Device: deviceSecret, Staff: h.Staff, LoadKey: loadtest.LoadKey{ID: loadKeyID, Seed: seed}})
	if err != nil {
		return err
	}
	h.Target = h.file("target.json")
	for path, text := range map[string]string{
		h.Target: string(target),
		h.file("issuer.toml"): fmt.Sprintf("listen = %q\nadmin = %q\ndatabase = %q\nkeys = %q\n\n[real_person]\nprovider = \"sandbox\"\n\n[residents]\nprovider = \"sandbox\"\n\n[address_rate]\nburst = 0\n\n"+
			"[kafka]\nbrokers = %s\ntopic = %q\nreplication = %d\nheartbeat = %q\n\n%s\n[[announce]]\nid = %d\npublic = %q\n",
			h.Issuer, ports[2], database, h.file("keys"), brokers, topic, replication, heartbeat, staffEntry, loadKeyID, hex.EncodeToString(public[:])),
		h.file("gateway.toml"): fmt.Sprintf("listen = %q\nadmin = %q\ndrain_delay = \"0s\"\n\n[snapshots]\ndir = %q\n\n[kafka]\nbrokers = %s\ntopic = %q\n%s\n\n%s",
			h.Gateway, ports[3], h.file("snapshots"), brokers, topic, authority, deviceEntry),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return os.Mkdir(filepath.Join(h.dir, "snapshots"), 0o700)
}

// credential finds the secret in what a command printed, and the entry for a
// settings file, which begins with the table.
func credential(printed, prefix, table string) (secret, entry string) {
	secret = regexp.MustCompile(prefix + `[0-9a-f]{64}`).FindString(printed)
	if at := strings.Index(printed, table); at >= 0 && secret != "" {
		entry = printed[at:]
	}
	return secret, entry
}

// freeAddresses finds loopback addresses on which nobody listens now.
func freeAddresses(n int) (addresses []string, err error) {
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}
