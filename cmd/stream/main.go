// Command stream shows the control stream to its operator: every message of the
// topic, or what a gateway kept of it in a snapshot or ratchet file, decoded and
// verified under the authority's key.
//
//	railgate-stream -brokers 127.0.0.1:9092 -authority HEX            all that the topic holds
//	railgate-stream -brokers 127.0.0.1:9092 -authority HEX -follow    and what comes
//	railgate-stream -snapshot control.snapshot -authority HEX         a snapshot file
//
// It only reads, needs Read on the topic, and holds no secret. A message that
// does not verify is shown as such, with the reason that a gateway would count;
// the exit code is then 1. Lines go to standard output, the summary to standard
// error. docs/revocation.md explains the words.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/tokens/fixedkey"
)

const about = `Shows the control stream: decodes, verifies and prints messages of the topic, a snapshot or a ratchet file.

  railgate-stream -brokers 127.0.0.1:9092 -authority HEX              all that the topic holds
  railgate-stream -brokers 127.0.0.1:9092 -authority HEX -from -20    the last 20 messages of each partition
  railgate-stream -brokers 127.0.0.1:9092 -authority HEX -follow      and what comes, until interrupted
  railgate-stream -snapshot control.snapshot -authority HEX           what a gateway kept, its keys verified
  railgate-stream -snapshot control.snapshot -serials                 and every serial; without -authority no keys are shown
  railgate-stream -high_water_mark control.high-water-mark            the newest position that the gateway ever saw`

type config struct {
	Brokers       []string       `toml:"brokers" doc:"first brokers to ask, host:port each"`
	Topic         string         `toml:"topic" doc:"the control topic"`
	Authority     string         `toml:"authority" doc:"public key that signs the stream, 64 hex digits"`
	Partition     int            `toml:"partition" doc:"only this one; -1: all"`
	From          string         `toml:"from" doc:"first offset to show; -N: the last N messages; empty: the log's start"`
	Follow        bool           `toml:"follow" doc:"go on with what comes"`
	JSON          bool           `toml:"json" doc:"one JSON object per message"`
	Snapshot      string         `toml:"snapshot" doc:"show this snapshot file instead"`
	Serials       bool           `toml:"serials" doc:"list every serial and every closed session of the snapshot"`
	HighWaterMark string         `toml:"high_water_mark" doc:"show this high-water mark file instead"`
	Group         int            `toml:"secret_group" doc:"number of a group whose members may read secret files (mode 0440) and write the folders above them, such as a pod's fsGroup; 0: none"`
	Security      kafka.Security `toml:"security" doc:"how to enter Kafka"`

	authority *revocation.Authority
	from      int64
}

// Validate checks what types cannot say, and keeps what it parsed.
func (c *config) Validate() error {
	var f conf.Faults
	var err error
	if c.Authority != "" || c.Snapshot == "" && c.HighWaterMark == "" {
		c.authority, err = revocation.ParseAuthority(c.Authority)
	}
	if c.Snapshot != "" || c.HighWaterMark != "" {
		return conf.Field("authority", err)
	}
	f.Add("", fixedkey.CheckForm())
	if len(c.Brokers) == 0 {
		f.Add("brokers", errors.New("name at least one, or a -snapshot or -high_water_mark file"))
	} else {
		f.Add("", conf.CheckBrokers("brokers", c.Brokers))
	}
	f.Add("authority", err)
	if c.From != "" {
		c.from, err = strconv.ParseInt(c.From, 10, 64)
		f.Need(err == nil, "from", "must be an offset, or -N for the last N")
	}
	c.Security.Trust = ownfile.Trust{Group: c.Group}
	f.Add("security", errors.Join(c.Security.Validate()...))
	return f.Join()
}

func main() { process.Main("railgate-stream", run) }

func run(ctx context.Context, args []string) error {
	c := config{Topic: "railgate.control", Partition: -1}
	extra, err := conf.Load(&c, conf.Options{Program: "railgate-stream", About: about, EnvPrefix: "RAILGATE_STREAM"}, args, os.Environ(), os.Stdout)
	switch {
	case err != nil:
		return err
	case extra.Check:
		fmt.Println("settings are valid")
		return nil
	case c.Snapshot != "":
		return showSnapshot(os.Stdout, c.Snapshot, c.authority, c.Serials)
	case c.HighWaterMark != "":
		return showHighWaterMark(os.Stdout, c.HighWaterMark)
	}
	if err := fixedkey.Fault(); err != nil {
		fmt.Fprintln(os.Stderr, "railgate-stream: signatures are verified in the plain form:", err)
	}
	link, err := kafka.Open(kafka.Config{Brokers: c.Brokers, Topic: c.Topic, ClientID: "railgate-stream", Security: c.Security})
	if err != nil {
		return err
	}
	defer link.Close()
	p := printer{out: os.Stdout, json: c.JSON, authority: c.authority, replicas: map[int]*seen{}}
	err = follow(ctx, link, &c, &p)
	fmt.Fprintln(os.Stderr, p.summary())
	if err == nil && p.refused > 0 {
		return fmt.Errorf("%d messages are none that a gateway would take", p.refused)
	}
	return err
}
