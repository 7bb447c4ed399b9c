package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/kafkalink"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/realperson"
	"github.com/railgate/railgate/issuance/residents"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/tokens"
)

type config struct {
	Listen       string         `toml:"listen" doc:"public address for the app and staff tools, host:port; terminate TLS in front of it"`
	Admin        string         `toml:"admin" doc:"metrics, profiles and health, host:port; nobody is authenticated there: keep it private"`
	LogLevel     string         `toml:"log_level" doc:"debug, info, warn or error"`
	DrainTimeout time.Duration  `toml:"drain_timeout" doc:"how long to wait after SIGTERM for requests at hand"`
	Database     string         `toml:"database" secret:"value" doc:"path of an SQLite file, or postgres://…; a password is better kept in a passfile"`
	Keys         string         `toml:"keys" doc:"directory made by -init"`
	RealPerson   realPerson     `toml:"real_person" doc:"the real-person check"`
	Residents    residentCards  `toml:"residents" doc:"the registry of resident ID cards"`
	Kafka        kafka          `toml:"kafka" doc:"the control stream"`
	Staff        []member       `toml:"staff" doc:"who works at windows and desks"`
	Announce     []announcement `toml:"announce" doc:"further public keys that gateways shall accept; whoever holds one can make passes: for load tests only"`

	announce []issuance.PublicKey
	roster   []staff.Credential
}

type realPerson struct {
	Provider string        `toml:"provider" doc:"only \"sandbox\" exists: it believes what the request says and checks no face"`
	Timeout  time.Duration `toml:"timeout" doc:"bound on one check"`
}

type kafka struct {
	Brokers     []string      `toml:"brokers" doc:"first brokers to ask, host:port each"`
	Topic       string        `toml:"topic" doc:"the control topic; made if it is missing"`
	Partitions  int           `toml:"partitions" doc:"how many partitions it has; a database keeps the number it began with"`
	Replication int           `toml:"replication" doc:"copies of each partition when the topic is made; 3 in production"`
	Retention   time.Duration `toml:"retention" doc:"how long the topic keeps records when it is made; above 72h"`
	Heartbeat   time.Duration `toml:"heartbeat" doc:"pause after which a silent partition gets a sign of life"`

	Security kafkalink.Security `toml:"security" doc:"how to enter Kafka"`
}

type member struct {
	Name     string   `toml:"name" doc:"stands in the audit table"`
	SHA256   string   `toml:"sha256" doc:"SHA-256 of the credential, 64 hex digits; -new-staff makes one"`
	Roles    []string `toml:"roles" doc:"what it may do: window, agency, police, operator, ticketing or authority"`
	NotAfter string   `toml:"not_after" doc:"RFC 3339 time from which it is no longer good; empty: it has no end"`
}

type residentCards struct {
	Provider string        `toml:"provider" doc:"only \"sandbox\" exists: it knows no cards and confirms everybody"`
	Timeout  time.Duration `toml:"timeout" doc:"bound on one question"`
}

type announcement struct {
	ID     int    `toml:"id" doc:"key id, 32768 to 65535"`
	Public string `toml:"public" doc:"Ed25519 public key, 64 hex digits"`
}

func defaults() config {
	return config{
		Listen: "127.0.0.1:8081", Admin: "127.0.0.1:9081", LogLevel: "info", DrainTimeout: 10 * time.Second,
		RealPerson: realPerson{Timeout: realperson.DefaultTimeout},
		Residents:  residentCards{Timeout: residents.DefaultTimeout},
		Kafka: kafka{Topic: "railgate.control", Partitions: 3, Replication: 3,
			Retention: publish.DefaultRetention, Heartbeat: publish.DefaultHeartbeat},
	}
}

// minRetention is how long anything said of a credential can matter to a gateway.
const minRetention = revocation.MaxSnapshotAge

// Validate checks what types cannot say, and keeps what it parsed.
func (c *config) Validate() error {
	var faults []error
	fault := func(path, format string, args ...any) {
		faults = append(faults, conf.Field(path, fmt.Errorf(format, args...)))
	}
	if c.Database == "" {
		fault("database", "must be set")
	}
	if c.Keys == "" {
		fault("keys", "must name the directory that -init made")
	}
	if c.RealPerson.Provider != "sandbox" {
		fault("real_person.provider", `must be "sandbox"; it checks no face, so it must be chosen knowingly`)
	}
	if c.RealPerson.Timeout <= 0 || c.RealPerson.Timeout > realperson.MaxTimeout {
		fault("real_person.timeout", "must be above 0 and at most %v", realperson.MaxTimeout)
	}
	if c.Residents.Provider != "sandbox" {
		fault("residents.provider", `must be "sandbox"; it knows no cards, so it must be chosen knowingly`)
	}
	if c.Residents.Timeout <= 0 || c.Residents.Timeout > realperson.MaxTimeout {
		fault("residents.timeout", "must be above 0 and at most %v", realperson.MaxTimeout)
	}
	if len(c.Kafka.Brokers) == 0 {
		fault("kafka.brokers", "must name at least one broker")
	}
	if c.Kafka.Topic == "" {
		fault("kafka.topic", "must be set")
	}
	if c.Kafka.Partitions < 1 || c.Kafka.Partitions > 64 {
		fault("kafka.partitions", "must be 1 to 64")
	}
	if c.Kafka.Replication < 1 || c.Kafka.Replication > 16 {
		fault("kafka.replication", "must be 1 to 16")
	}
	if c.Kafka.Retention <= minRetention {
		fault("kafka.retention", "must be above %v, or a gateway that starts late misses revocations", minRetention)
	}
	if c.Kafka.Heartbeat < 50*time.Millisecond || c.Kafka.Heartbeat > 3*time.Second {
		fault("kafka.heartbeat", "must be 50ms to 3s: gateways call data stale after 5s")
	}
	for _, err := range c.Kafka.Security.Validate() {
		var f *kafkalink.Fault
		if errors.As(err, &f) {
			fault("kafka.security."+f.Field, "%w", f.Err)
		}
	}
	if c.DrainTimeout <= 0 {
		fault("drain_timeout", "must be above 0")
	}
	if _, err := process.Level(c.LogLevel); err != nil {
		fault("log_level", "must be debug, info, warn or error")
	}
	for i, a := range c.Announce {
		key, err := hex.DecodeString(a.Public)
		if err != nil || len(key) != tokens.PublicKeySize || a.ID < 32768 || a.ID > 65535 {
			fault(fmt.Sprintf("announce[%d]", i), "needs an id of 32768 to 65535 and a public key of 64 hex digits")
			continue
		}
		c.announce = append(c.announce, issuance.PublicKey{ID: tokens.KeyID(a.ID), Public: [tokens.PublicKeySize]byte(key)})
	}
	if err := c.readRoster(); err != nil {
		fault("staff", "%w", err)
	}
	return errors.Join(faults...)
}

// readRoster reads the staff, and refuses what a list of them would.
func (c *config) readRoster() error {
	var faults []error
	for i, s := range c.Staff {
		member := staff.Credential{Name: s.Name, SHA256: s.SHA256}
		for _, text := range s.Roles {
			role, err := staff.ParseRole(text)
			if err != nil {
				faults = append(faults, fmt.Errorf("entry %d: %w", i+1, err))
			}
			member.Roles = append(member.Roles, role)
		}
		if s.NotAfter != "" {
			at, err := time.Parse(time.RFC3339, s.NotAfter)
			if err != nil {
				faults = append(faults, fmt.Errorf("entry %d: not_after must be a time such as 2027-02-10T00:00:00+08:00", i+1))
			}
			member.NotAfter = at
		}
		c.roster = append(c.roster, member)
	}
	if len(faults) == 0 {
		if _, err := staff.NewList(staff.Config{Credentials: c.roster}); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}
