// Command stream shows the control stream to its operator: every message of the topic, or a gateway's snapshot
// or high-water mark file, decoded and verified under the authority's key.
//
//	railgate-stream -brokers 127.0.0.1:9092 -authority HEX            all messages of the topic
//	railgate-stream -brokers 127.0.0.1:9092 -authority HEX -follow    also new messages
//	railgate-stream -brokers 127.0.0.1:9092 -authority HEX -conflicts codes that were used twice
//	railgate-stream -snapshot control.snapshot -authority HEX         a snapshot file
//	railgate-stream -bundle FILE -authority HEX                       a bundle for offline use
//	railgate-stream -receipt FILE -keys FILE -authority HEX           a receipt, with keys that were exported before
//	railgate-stream -brokers … -authority HEX -export_keys FILE       adds the topic's keys to that file
//
// It only reads, needs the permission Read on the topic, and uses no secret key. A message that does not verify
// is shown with the outcome that a gateway would count; the exit code is then 1. Messages are printed to standard
// output, the summary to standard error. docs/revocation.md explains the terms.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/passage/exchange"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/tokens/fixedkey"
)

const usage = `Shows the control stream: decodes, verifies and prints messages of the topic, a snapshot or a high-water mark file.

  railgate-stream -brokers 127.0.0.1:9092 -authority HEX              all messages of the topic
  railgate-stream -brokers 127.0.0.1:9092 -authority HEX -from -20    the last 20 messages of each partition
  railgate-stream -brokers 127.0.0.1:9092 -authority HEX -follow      also new messages, until interrupted
  railgate-stream -brokers 127.0.0.1:9092 -authority HEX -conflicts   codes that were used twice, from the topic of passages
  railgate-stream -snapshot control.snapshot -authority HEX           a gateway's snapshot, its keys verified
  railgate-stream -snapshot control.snapshot -serials                 also every serial; without -authority no keys are shown
  railgate-stream -bundle FILE -authority HEX                         a bundle for offline use, verified
  railgate-stream -receipt FILE -keys FILE -authority HEX             verifies a receipt; without -keys with the topic's keys
  railgate-stream -brokers 127.0.0.1:9092 -authority HEX -export_keys FILE  adds the topic's keys to a file, for receipts of later years
  railgate-stream -high_water_mark control.high-water-mark            the newest positions that the gateway ever saw`

type config struct {
	Brokers       []string       `toml:"brokers" doc:"brokers to connect to first, host:port each"`
	Topic         string         `toml:"topic" doc:"the control topic"`
	Authority     string         `toml:"authority" doc:"public key that signs the stream, 64 hex digits"`
	Partition     int            `toml:"partition" doc:"show only this partition; -1: all"`
	From          string         `toml:"from" doc:"first offset to show; -N: the last N messages; empty: the start of the log"`
	Follow        bool           `toml:"follow" doc:"continue with new messages until interrupted"`
	Conflicts     bool           `toml:"conflicts" doc:"list the codes that were used twice, from the topic of passages, instead of the control topic"`
	Passages      string         `toml:"passages" doc:"the topic of passages"`
	Window        time.Duration  `toml:"window" doc:"longest time between two uses of one code that is a conflict if no passage in the other direction is between them; 125s to 24h"`
	JSON          bool           `toml:"json" doc:"print one JSON object per message or conflict"`
	Snapshot      string         `toml:"snapshot" doc:"show this snapshot file instead of the topic"`
	Serials       bool           `toml:"serials" doc:"list every serial and every closed session of the snapshot"`
	HighWaterMark string         `toml:"high_water_mark" doc:"show this high-water mark file instead of the topic"`
	Bundle        string         `toml:"bundle" doc:"verify and show this bundle instead of the topic"`
	Receipt       string         `toml:"receipt" doc:"verify this receipt, in Base64 or as bytes"`
	Code          string         `toml:"code" doc:"with receipt: file with the text of a code; fails if the receipt is about another one"`
	Keys          string         `toml:"keys" doc:"with receipt: file with the keys, made with export_keys; a snapshot or a bundle also serves; empty: the topic"`
	ExportKeys    string         `toml:"export_keys" doc:"add the signed announcements and withdrawals of keys in the topic to this file"`
	Group         int            `toml:"secret_group" doc:"number of a group whose members may read secret files (mode 0440) and write the folders above them, such as a pod's fsGroup; 0: none"`
	Security      kafka.Security `toml:"security" doc:"how to connect to Kafka"`

	authority *revocation.Authority
	from      int64
}

// Validate checks the settings and stores the parsed values.
func (c *config) Validate() error {
	var f conf.Faults
	var err error
	if c.Authority != "" || c.Snapshot == "" && c.HighWaterMark == "" {
		c.authority, err = revocation.ParseAuthority(c.Authority)
	}
	if c.isOfFiles() {
		return conf.Field("authority", err)
	}
	f.Add("", fixedkey.CheckForm())
	if len(c.Brokers) == 0 {
		f.Add("brokers", errors.New("name at least one broker, or a file: -snapshot, -bundle, -high_water_mark, or -receipt with -keys"))
	} else {
		f.Add("", conf.CheckBrokers("brokers", c.Brokers))
	}
	f.Add("authority", err)
	if c.From != "" {
		c.from, err = strconv.ParseInt(c.From, 10, 64)
		f.Need(err == nil, "from", "must be an offset, or -N for the last N")
	}
	f.Need(!c.Conflicts || c.Window >= passage.CodeLife*time.Millisecond && c.Window <= passage.MaxWindow*time.Millisecond, "window", "must be 125s to 24h")
	c.Security.Trust = ownfile.Trust{Group: c.Group}
	f.Add("security", errors.Join(c.Security.Validate()...))
	return f.Join()
}

// isOfFiles reports whether the command reads files alone.
func (c *config) isOfFiles() bool {
	return c.Snapshot != "" || c.HighWaterMark != "" || c.Bundle != "" || c.Receipt != "" && c.Keys != ""
}

func main() { process.Main("railgate-stream", run) }

func run(ctx context.Context, args []string) error {
	c := config{Topic: "railgate.control", Passages: exchange.DefaultTopic, Window: passage.CodeLife * time.Millisecond, Partition: -1}
	extra, err := conf.Load(&c, conf.Options{Program: "railgate-stream", About: usage, EnvPrefix: "RAILGATE_STREAM"}, args, os.Environ(), os.Stdout)
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
	case c.Bundle != "":
		return showBundle(os.Stdout, c.Bundle, c.authority, c.Serials)
	case c.Receipt != "" && c.Keys != "":
		keys, err := keysFrom(c.Keys, c.authority)
		if err != nil {
			return err
		}
		return showReceipt(os.Stdout, c.Receipt, c.Code, keys)
	}
	if err := fixedkey.Fault(); err != nil {
		fmt.Fprintln(os.Stderr, "railgate-stream: signatures are verified with the slower portable code:", err)
	}
	if c.Conflicts {
		return showConflicts(ctx, os.Stdout, os.Stderr, &c)
	}
	link, err := c.open(c.Topic)
	if err != nil {
		return err
	}
	defer link.Close()
	if c.ExportKeys != "" || c.Receipt != "" {
		return useKeys(ctx, link, &c, os.Stdout)
	}
	p := printer{out: os.Stdout, json: c.JSON, authority: c.authority, replicas: map[int]*numbering{}}
	err = follow(ctx, link, &c, &p)
	fmt.Fprintln(os.Stderr, p.summary())
	if err == nil && p.refused > 0 {
		return fmt.Errorf("a gateway would refuse %d messages", p.refused)
	}
	return err
}
