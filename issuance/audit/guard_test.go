package audit

import (
	"strings"
	"testing"
)

// What a slip of ours could ask of the database, and must not get.
func TestDatabaseRefusesToChangeTheTrail(t *testing.T) {
	const values = `(at_ms, who, role, action, object_kind, object, detail, request, position, hash) VALUES (1, 'a', 'window', 'revoke', 'key', '1', '', '', `
	slips := map[string]string{
		"change a sealed entry":     `UPDATE audit SET detail = 'fraud' WHERE position = 1`,
		"change an unsealed entry":  `UPDATE audit SET detail = 'fraud' WHERE position IS NULL`,
		"touch without a change":    `UPDATE audit SET detail = detail WHERE position = 1`,
		"unseal":                    `UPDATE audit SET position = NULL, hash = NULL WHERE position = 2`,
		"seal anew":                 `UPDATE audit SET position = 9 WHERE position = 2`,
		"seal in the past":          `UPDATE audit SET position = 0, hash = (SELECT hash FROM audit WHERE position = 1) WHERE position IS NULL`,
		"seal and change":           `UPDATE audit SET position = 9, who = 'x', hash = (SELECT hash FROM audit WHERE position = 1) WHERE position IS NULL`,
		"a place without a hash":    `UPDATE audit SET position = 9 WHERE position IS NULL`,
		"delete a sealed entry":     `DELETE FROM audit WHERE position = 1`,
		"delete an unsealed entry":  `DELETE FROM audit WHERE position IS NULL`,
		"delete everything":         `DELETE FROM audit`,
		"insert a sealed entry":     `INSERT INTO audit ` + values + `9, (SELECT head_hash FROM audit_chain))`,
		"set the head back":         `UPDATE audit_chain SET position = 1`,
		"set the base past the end": `UPDATE audit_chain SET base = 99`,
		"delete the head":           `DELETE FROM audit_chain`,
		"a second head":             `INSERT INTO audit_chain SELECT 2, position, head_hash, base, base_hash, base_seal FROM audit_chain`,
	}
	only := map[string]map[string]string{
		"postgres": {
			"truncate":          `TRUNCATE audit`,
			"truncate the head": `TRUNCATE audit_chain`,
			"upsert":            `INSERT INTO audit_chain SELECT * FROM audit_chain ON CONFLICT (id) DO UPDATE SET position = 0`,
		},
		"sqlite": {
			"replace a sealed entry":    `REPLACE INTO audit (id, at_ms, who, role, action, object_kind, object, detail, request) SELECT id, 1, 'x', role, action, object_kind, object, detail, request FROM audit WHERE position = 1`,
			"replace an unsealed entry": `REPLACE INTO audit (id, at_ms, who, role, action, object_kind, object, detail, request) SELECT id, 1, 'x', role, action, object_kind, object, detail, request FROM audit WHERE position IS NULL`,
			"replace by sealing":        `UPDATE OR REPLACE audit SET position = 1, hash = (SELECT hash FROM audit WHERE position = 1) WHERE position IS NULL`,
			"replace the head":          `REPLACE INTO audit_chain SELECT 1, 0, head_hash, 0, base_hash, base_seal FROM audit_chain`,
		},
	}
	each(t, func(t *testing.T, w world) {
		w.sealedTo(3)
		w.did(4, 4)
		try := func(what, query string) {
			_, err := w.db.Writer().ExecContext(t.Context(), query)
			if err == nil {
				t.Errorf("%s: done", what)
			} else if text := strings.ToLower(err.Error()); !strings.Contains(text, "audit: ") && !strings.Contains(text, "check constraint") {
				t.Errorf("%s: refused for another reason: %v", what, err)
			}
		}
		for what, query := range slips {
			try(what, query)
		}
		for what, query := range only[w.db.Name] {
			try(what, query)
		}
		w.sealed(1)
		w.holds(4)
		equalSlices(t, "chain", w.objects(), []string{"20494-1", "20494-2", "20494-3", "20494-4"})
	})
}
