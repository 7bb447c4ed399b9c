package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/tokens"
)

var streamCommands = []command{
	{name: "distrust-key", doc: "after key `ID` leaked: gateways refuse sessions that start under it at -at or later", with: []string{"at", "exempt", "exempt-known"}, by: true, run: distrustKey},
	{name: "revoke-subject", doc: "end the sessions of the subject `HEX`, 16 digits", with: []string{"before"}, by: true, run: revokeSubject},
	{name: "republish", doc: "publish everything active again in a new epoch, after database and topic were restored from backups", by: true, run: republish},
	{name: "move-stream", doc: "publish to the topic and partitions of the settings from now on, after topic or partitions of [kafka] or [bookings] were changed on purpose; stop every issuer first", by: true, moves: true, run: moveStream},
}

func distrustKey(ctx context.Context, inv *invocation) error {
	id, err := inv.keyID()
	if err != nil {
		return err
	}
	at, err := inv.timeOption("at", time.Now())
	if err != nil {
		return err
	}
	_, known := inv.option["exempt-known"]
	d := keyring.Distrust{Key: id, Cutoff: at.Unix(), ExemptRunning: known, Who: inv.option["by"]}
	if file := inv.option["exempt"]; file != "" {
		if d.Exempt, err = readSerials(file); err != nil {
			return fmt.Errorf("-exempt: %w", err)
		}
	}
	store, err := inv.keyStore(ctx)
	if err != nil {
		return err
	}
	err = inv.commitAndPublish(ctx, func(ctx context.Context) error {
		d.At = database.MillisAt(time.Now())
		moved, exempted, err := store.Distrust(ctx, d)
		if errors.Is(err, keyring.ErrUnknown) {
			return fmt.Errorf("no gateway knows key %d: it was never announced; -list-keys prints the keys", id)
		}
		if err == nil {
			inv.printf("committed: gateways refuse sessions that start at %s or later under key %d%s; %d more credentials are exempt",
				formatTime(time.Unix(d.Cutoff, 0)), id, unchanged(!moved), exempted)
		}
		return err
	})
	if err != nil {
		return err
	}
	return inv.warnWithoutActiveKey(ctx)
}

// warnWithoutActiveKey prints the next step if no key can sign any more.
func (inv *invocation) warnWithoutActiveKey(ctx context.Context) error {
	lines, err := inv.keyLines(ctx)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if l.State == keyring.Active {
			return nil
		}
	}
	inv.printf("no issuer key is active now. Next: run -new-key and restart the issuers with the new key; once -list-keys shows it in\nthe stream, run -activate-key, and it signs without waiting for key_lead")
	return nil
}

func revokeSubject(ctx context.Context, inv *invocation) error {
	subject, err := hex.DecodeString(inv.value)
	if err != nil || len(subject) != len(tokens.Subject{}) {
		return fmt.Errorf("-revoke-subject must be %d hex digits", 2*len(tokens.Subject{}))
	}
	before, err := inv.timeOption("before", time.Now())
	if err != nil {
		return err
	}
	c := credential.SubjectCutoff{Subject: tokens.Subject(subject), Before: before.Unix(), Who: inv.option["by"]}
	return inv.commitAndPublish(ctx, func(ctx context.Context) error {
		c.At = database.MillisAt(time.Now())
		changed, err := credential.NewStore(inv.db, inv.log).RevokeSubject(ctx, c)
		if err == nil {
			inv.printf("committed: gateways refuse sessions of subject %s that start before %s%s", c.Subject, formatTime(time.Unix(c.Before, 0)), unchanged(!changed))
		}
		return err
	})
}

func republish(ctx context.Context, inv *invocation) error {
	return inv.commitAndPublishAll(ctx, func(ctx context.Context) error {
		epoch, err := inv.db.RepublishByCommand(ctx, inv.outboxCommand())
		if err != nil {
			return err
		}
		inv.printf("committed: everything active is published again in epoch %d", epoch)
		return inv.republishBookings(ctx)
	})
}

func moveStream(ctx context.Context, inv *invocation) error {
	err := inv.commitAndPublishAll(ctx, func(ctx context.Context) error {
		var epoch uint64
		err := inv.whenNoIssuerRuns(ctx, outbox.ErrPublishing, func() (err error) {
			epoch, err = inv.db.MoveStream(ctx, inv.outboxCommand())
			return err
		})
		if err != nil {
			return err
		}
		inv.printf("committed: the stream is topic %s with %d partitions; everything active is published again in epoch %d",
			inv.config.Kafka.Topic, inv.config.Kafka.Partitions, epoch)
		return inv.moveBookings(ctx)
	})
	if err == nil {
		inv.printf("Issuers can start. Next: set the same topics and partitions at every gateway and restart it, within revocation.expired_after.")
	}
	return err
}

// outboxCommand identifies this command for the audit entries that the outbox writes.
func (inv *invocation) outboxCommand() outbox.Command {
	return outbox.Command{AuditLog: inv.log, Who: inv.option["by"], At: database.MillisAt(time.Now())}
}

// unchanged notes, where it applies, that a command had no effect.
func unchanged(is bool) string {
	if is {
		return " (unchanged: an earlier command did this)"
	}
	return ""
}

// readSerials reads a file of serials, one per line, at most [keyring.MaxExempt].
func readSerials(path string) (all []tokens.Serial, err error) {
	err = readLines(path, keyring.MaxExempt, func(line string) error {
		serial, err := tokens.ParseSerial(line)
		if err != nil {
			return errors.New("write one serial per line as DAY-INDEX, such as 20494-17")
		}
		all = append(all, serial)
		return nil
	})
	return all, err
}

// publishPoll is the pause between two checks whether the records have been published.
const publishPoll = 100 * time.Millisecond

// publishTimeout bounds the wait for publication. Tests shorten it.
var publishTimeout = time.Minute

// commitAndPublish commits a change and waits until the control stream has it. An issuer
// that runs on the same database publishes it; if none runs, this process does.
func (inv *invocation) commitAndPublish(ctx context.Context, commit func(ctx context.Context) error) error {
	return inv.commitTo(ctx, 1, commit)
}

// commitAndPublishAll is commitAndPublish for a change of every stream.
func (inv *invocation) commitAndPublishAll(ctx context.Context, commit func(ctx context.Context) error) error {
	return inv.commitTo(ctx, 2, commit)
}

// commitTo commits a change of the first streams, at most most of them.
func (inv *invocation) commitTo(ctx context.Context, most int, commit func(ctx context.Context) error) error {
	if err := inv.openDatabase(ctx); err != nil {
		return err
	}
	streams := inv.streams()
	streams = streams[:min(most, len(streams))]
	log, err := process.Logger("warn")
	if err != nil {
		return err
	}
	defer log.Sync()
	if err := commit(ctx); err != nil {
		return fmt.Errorf("not committed: %w", err)
	}
	committed := time.Now()
	for _, s := range streams {
		newest, err := s.box.Newest(ctx)
		if err == nil {
			err = inv.publish(ctx, log, s, newest)
		}
		if err != nil {
			return notPublished(err)
		}
	}
	inv.printf("published; a gateway has applied it once its watermark is later than %s", committed.UTC().Format(time.RFC3339Nano))
	return nil
}

func notPublished(why error) error {
	return fmt.Errorf("committed, but not published yet: %w; the change is durable: an issuer publishes it as soon as it reaches the brokers", why)
}

// publish returns when every record of a stream up to its outbox row newest is published.
func (inv *invocation) publish(ctx context.Context, log *zap.Logger, s stream, newest int64) error {
	link, err := openLink(inv.config, s.topic, "railgate-issuer-command")
	if err != nil {
		return err
	}
	defer link.Close()
	bounded, cancel := context.WithTimeout(ctx, publishTimeout)
	var gaveUp error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		gaveUp = s.publisher(inv.config, s.box, link, inv.keys, log).Run(bounded)
	}()
	defer func() { cancel(); <-ended }() // returns the publisher lease

	poll := time.NewTicker(publishPoll)
	defer poll.Stop()
	progress := inv.progress()
	for {
		waiting, err := s.box.WaitingTo(bounded, newest)
		if err == nil && waiting == 0 {
			return nil
		}
		if err == nil {
			progress.show("publishing the %s stream: %d records to go", s.name, waiting)
		}
		select {
		case <-poll.C:
		case <-ended:
			if gaveUp != nil {
				return gaveUp
			}
			return bounded.Err()
		}
	}
}
