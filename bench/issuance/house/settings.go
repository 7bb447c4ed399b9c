package house

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/railgate/railgate/loadtest"
	"github.com/railgate/railgate/test/harness/stack"
	"github.com/railgate/railgate/tokens/signing"
)

// loadKeyID is the key with which the load test signs passes of its own.
const loadKeyID = 40001

const (
	heartbeat   = time.Second // the issuer's default
	topic       = "railgate.control"
	replication = 1
)

// furnish makes keys, credentials and the files of issuer, gateway and load test.
func (h *House) furnish(ctx context.Context, p Plan, database string) error {
	ports, err := freeAddresses(4)
	if err != nil {
		return err
	}
	h.Issuer, h.Gateway = ports[0], ports[1]
	secrets, err := stack.MakeSecrets(ctx, p.Binaries.Path, h.file("keys"))
	if err != nil {
		return err
	}
	h.Staff = secrets.Staff
	seed := signing.GenerateSeed()
	public := signing.NewKey(seed).Public()
	brokers, err := json.Marshal(h.broker.Addresses()) // a TOML list of strings is spelled alike
	if err != nil {
		return err
	}
	target, err := json.Marshal(loadtest.Target{Gateway: "http://" + h.Gateway, Issuer: "http://" + h.Issuer,
		Device: secrets.Device, Staff: h.Staff, LoadKey: loadtest.LoadKey{ID: loadKeyID, Seed: seed}})
	if err != nil {
		return err
	}
	h.Target = h.file("target.json")
	for path, text := range map[string]string{
		h.Target: string(target),
		h.file("issuer.toml"): fmt.Sprintf("listen = %q\nadmin = %q\ndrain_delay = \"0s\"\ndatabase = %q\nkeys = %q\n\n[real_person]\nprovider = \"sandbox\"\n\n[residents]\nprovider = \"sandbox\"\n\n[address_rate]\nburst = 0\n\n[throttle]\nin_flight_network = 256\napplication_burst = 0\nrevocation_burst = 0\nidentifications_per_minute = 0\nidentifications_per_day = 0\nsubjects_per_day = 0\n\n"+
			"[kafka]\nbrokers = %s\ntopic = %q\nreplication = %d\nheartbeat = %q\n\n%s\n[[announce]]\nid = %d\npublic = %q\n",
			h.Issuer, ports[2], database, h.file("keys"), brokers, topic, replication, heartbeat, secrets.StaffEntry, loadKeyID, hex.EncodeToString(public[:])),
		h.file("gateway.toml"): fmt.Sprintf("listen = %q\nadmin = %q\ndrain_delay = \"0s\"\n\n[snapshots]\ndir = %q\n\n[kafka]\nbrokers = %s\ntopic = %q\nauthority = %q\n\n%s",
			h.Gateway, ports[3], h.file("snapshots"), brokers, topic, secrets.Authority, secrets.DeviceEntry),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return os.Mkdir(filepath.Join(h.dir, "snapshots"), 0o700)
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
