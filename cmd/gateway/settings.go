package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/tokens/fixedkey"
)

type config struct {
	Listen       string                `toml:"listen" doc:"public address for gates and handhelds, host:port"`
	Admin        string                `toml:"admin" doc:"metrics, profiles and health, host:port; it asks for no credential: keep it private"`
	LogLevel     string                `toml:"log_level" doc:"debug, info, warn or error"`
	DrainDelay   time.Duration         `toml:"drain_delay" doc:"how long to serve on after SIGTERM while /readyz already says no; 0: not at all"`
	DrainTimeout time.Duration         `toml:"drain_timeout" doc:"how long to wait after that for requests at hand"`
	CacheMiB     int                   `toml:"pass_cache_mib" doc:"memory for verified passes, MiB; about 5,900 passes each"`
	SecretGroup  int                   `toml:"secret_group" doc:"number of a group whose members may read secret files (mode 0440) and write the folders above them, such as a pod's fsGroup; 0: none"`
	Kafka        kafkaSettings         `toml:"kafka" doc:"the control stream"`
	Snapshots    snapshots             `toml:"snapshots" doc:"the replica on disk, so that a restart reads only what came since"`
	Revocation   limits                `toml:"revocation" doc:"how old revocation data may be"`
	Devices      []gateway.DeviceEntry `toml:"device" doc:"who may ask"`

	authority *revocation.Authority
	devices   *gateway.Devices
	policy    gateway.Policy
}

type kafkaSettings struct {
	Brokers    []string `toml:"brokers" doc:"first brokers to ask, host:port each"`
	Topic      string   `toml:"topic" doc:"the control topic"`
	Partitions int      `toml:"partitions" doc:"how many partitions it has; a topic of another width is not read"`
	Authority  string   `toml:"authority" doc:"public key that signs the stream, 64 hex digits; railgate-issuer -init prints it"`

	Security kafka.Security `toml:"security" doc:"how to enter Kafka"`
}

type snapshots struct {
	Dir   string        `toml:"dir" doc:"folder that no other user may write, for this gateway alone; empty: none, a restart reads the log from its start"`
	Every time.Duration `toml:"every" doc:"time between two snapshots"`
}

type limits struct {
	StaleAfter   time.Duration `toml:"stale_after" doc:"age from which verdicts say that the data is stale"`
	ExpiredAfter time.Duration `toml:"expired_after" doc:"age from which the data is expired"`
	MemoryMiB    int           `toml:"memory_mib" doc:"memory of the sets from which /readyz and the metrics give alarm; nothing is ever dropped, MiB"`

	Policy gateway.PolicyEntry `toml:"policy" doc:"what a gate does in each state of the data: serve, flag (serve, and say so in the verdict) or deny"`
}

func defaults() config {
	return config{
		Listen: "127.0.0.1:8080", Admin: "127.0.0.1:9080", LogLevel: "info",
		DrainDelay: 5 * time.Second, DrainTimeout: 10 * time.Second, CacheMiB: 64,
		Kafka:     kafkaSettings{Topic: "railgate.control", Partitions: 3},
		Snapshots: snapshots{Every: 30 * time.Second},
		Revocation: limits{
			StaleAfter:   revocation.DefaultLimits.StaleAfter,
			ExpiredAfter: revocation.DefaultLimits.ExpiredAfter,
			MemoryMiB:    revocation.DefaultLimits.Memory >> 20,
			Policy:       gateway.DefaultPolicy.Entry(),
		},
	}
}

// Validate checks what types cannot say, and keeps what it parsed.
func (c *config) Validate() error {
	var f conf.Faults
	var err error
	f.Add("", conf.CheckListeners(c.Listen, c.Admin))
	f.Add("", conf.CheckBrokers("kafka.brokers", c.Kafka.Brokers))
	f.Need(c.Kafka.Topic != "", "kafka.topic", "must be set")
	f.Need(c.Kafka.Partitions >= 1 && c.Kafka.Partitions <= 64, "kafka.partitions", "must be 1 to 64")
	f.Add("", fixedkey.CheckForm())
	c.authority, err = revocation.ParseAuthority(c.Kafka.Authority)
	f.Add("kafka.authority", err)
	f.Need(c.Revocation.StaleAfter > 0 && c.Revocation.ExpiredAfter > c.Revocation.StaleAfter,
		"revocation.expired_after", "must be longer than stale_after, and both above 0")
	f.Need(c.Revocation.MemoryMiB >= 1 && c.Revocation.MemoryMiB <= 1<<20, "revocation.memory_mib", "must be 1 to 1048576")
	c.policy, err = gateway.DefaultPolicy.With(c.Revocation.Policy)
	f.Add("revocation.policy", err)
	f.Need(c.SecretGroup >= 0, "secret_group", "must be the number of a group, or 0 for none")
	c.Kafka.Security.Trust = c.trust()
	f.Add("kafka.security", errors.Join(c.Kafka.Security.Validate()...))
	f.Need(c.Snapshots.Every >= time.Second, "snapshots.every", "must be at least 1s")
	f.Add("snapshots.dir", c.checkSnapshotDir())
	f.Need(c.DrainDelay >= 0 && c.DrainTimeout > 0, "drain_timeout", "must be above 0, and drain_delay not below 0")
	f.Need(int64(c.CacheMiB)<<20 >= passcache.MinBytes && c.CacheMiB <= 1<<20, "pass_cache_mib", "must be 1 to 1048576")
	f.Add("log_level", process.CheckLevel(c.LogLevel))
	f.Need(len(c.Devices) > 0, "device", "no device may ask: add at least one [[device]]")
	c.devices, err = gateway.NewDevices(c.Devices)
	f.Add("device", err)
	return f.Join()
}

// trust says who may read secret files besides the gateway's own user and root.
func (c *config) trust() ownfile.Trust { return ownfile.Trust{Group: c.SecretGroup} }

func (c *config) snapshots() stream.Snapshots {
	return stream.Snapshots{Dir: c.Snapshots.Dir, Every: c.Snapshots.Every, Trust: c.trust()}
}

// checkSnapshotDir makes a file in the folder and removes it again: a mount that is
// read-only shows in no mode.
func (c *config) checkSnapshotDir() error {
	if c.Snapshots.Dir == "" {
		return nil
	}
	switch err := c.snapshots().Check(); {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("must be a folder that exists")
	case err != nil:
		return err
	}
	f, err := os.CreateTemp(c.Snapshots.Dir, ".check-*")
	if err != nil {
		return fmt.Errorf("must be a folder that this gateway can write: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
