package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/railgate/railgate/test/harness/stack"
)

const (
	module        = "github.com/railgate/railgate"
	buildPatience = 5 * time.Minute  // a cold build cache on two cores
	dropPatience  = 30 * time.Second // of the database at the end
)

func (w *world) build(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, buildPatience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "build", "-o", w.binaries, module+"/cmd/issuer", module+"/cmd/gateway").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// furnish writes the settings the way an operator does.
func (w *world) furnish(ctx context.Context, postgres string) error {
	keys := filepath.Join(w.dir, "keys")
	secrets, err := stack.MakeSecrets(ctx, func(binary string) string { return filepath.Join(w.binaries, binary) }, keys)
	if err != nil {
		return err
	}
	w.staff, w.device = secrets.Staff, secrets.Device
	w.authority = secrets.Authority
	database, err := w.database(ctx, postgres)
	if err != nil {
		return err
	}
	brokers, err := json.Marshal(w.broker.Bootstrap()) // a TOML list of strings is spelled alike
	if err != nil {
		return err
	}
	ports, err := freePorts(2 * (2 + gatewayCount + 1))
	if err != nil {
		return err
	}
	pair := func() (listen, admin string) {
		listen, admin, ports = ports[0], ports[1], ports[2:]
		return listen, admin
	}
	top, tables, err := w.newer(ctx)
	if err != nil {
		return err
	}
	issuer := func(name string) (c *child, url, adminURL string) {
		listen, admin := pair()
		err = errors.Join(err, w.write(name+".toml", fmt.Sprintf(
			"listen = %q\nadmin = %q\n%sdatabase = %q\nkeys = %q\n\n[real_person]\nprovider = \"sandbox\"\n\n[residents]\nprovider = \"sandbox\"\n\n"+
				"%s[kafka]\nbrokers = %s\ntopic = %q\nreplication = %d\nheartbeat = \"200ms\"\n\n%s",
			listen, admin, top, database, keys, tables, brokers, w.topic, w.broker.Replication(), secrets.StaffEntry)))
		return w.newChild(name, "issuer"), "http://" + listen, "http://" + admin
	}
	w.issuer, w.issuerURL, w.issuerAdmin = issuer("issuer")
	w.standby, _, _ = issuer("issuer-2")
	for i := range gatewayCount + 1 { // the last one is for the end
		name := fmt.Sprintf("gateway-%d", i+1)
		listen, admin := pair()
		g := &gateway{child: w.newChild(name, "gateway"), url: "http://" + listen, admin: "http://" + admin, client: newClient(),
			snapshots: filepath.Join(w.dir, name+".snapshots")}
		w.gateways = append(w.gateways, g)
		err = errors.Join(err, os.Mkdir(g.snapshots, 0o700), w.write(name+".toml", fmt.Sprintf(
			"listen = %q\nadmin = %q\ndrain_delay = \"100ms\"\n\n[snapshots]\ndir = %q\nevery = \"1s\"\n\n"+
				"[kafka]\nbrokers = %s\ntopic = %q\nauthority = %q\n\n%s", listen, admin, g.snapshots, brokers, w.topic, secrets.Authority, secrets.DeviceEntry)))
	}
	w.spare, w.gateways = w.gateways[gatewayCount], w.gateways[:gatewayCount:gatewayCount]
	return err
}

// newer are the settings that not every version of the issuer knows; those that this
// one does not know are left out. They lift the bounds on one network and on one staff
// credential: passengers call from one address here, and staff show one credential.
func (w *world) newer(ctx context.Context) (top, tables string, err error) {
	help, err := exec.CommandContext(ctx, filepath.Join(w.binaries, "issuer"), "-h").CombinedOutput()
	if err != nil {
		return "", "", fmt.Errorf("issuer -h: %w", err)
	}
	knows := func(setting string) bool { return bytes.Contains(help, []byte("-"+setting+" ")) }
	if knows("drain_delay") {
		top = "drain_delay = \"100ms\"\n"
	}
	if knows("address_rate.burst") {
		tables += "[address_rate]\nburst = 0\n\n"
	}
	if knows("throttle.revocation_burst") {
		tables += "[throttle]\napplication_burst = 0\nrevocation_burst = 0\n\n"
	}
	return top, tables, nil
}

func (w *world) write(name, text string) error {
	return os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600)
}

// database is an SQLite file, or a new database on the server, dropped at the end.
func (w *world) database(ctx context.Context, server string) (string, error) {
	if server == "" {
		return filepath.Join(w.dir, "issuer.db"), nil
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", errors.New("-postgres is no URL") // the error would quote it, and with it a password
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		return "", errors.New("-postgres is not understood")
	}
	name := fmt.Sprintf("railgate_faults_%d", time.Now().UnixNano())
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", errors.Join(err, db.Close())
	}
	w.cleanup = append(w.cleanup, func() {
		ctx, cancel := context.WithTimeout(context.Background(), dropPatience)
		defer cancel()
		db.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		db.Close()
	})
	var backend int
	if db.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&backend) == nil {
		w.postmaster = parentOf(backend) // 0 if the server is on another machine
	}
	u.Path = "/" + name
	return u.String(), nil
}

// freePorts finds loopback addresses nobody listens on now.
func freePorts(n int) (addresses []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}
