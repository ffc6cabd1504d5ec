package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// anOldOne makes a file of the first version with chats of many messages.
func anOldOne(t *testing.T, path string, messages int) {
	t.Helper()
	ctx := t.Context()
	db, err := sql.Open("sqlite3", dsn(path, "_journal_mode=WAL&_txlock=immediate"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := migrate(ctx, db, path, schema[:1]); err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for i := range messages {
		chat := fmt.Sprintf("c%d", i/100)
		if i%100 == 0 {
			if _, err := tx.ExecContext(ctx, "INSERT INTO chats (id, title, model, system, sampling, leaf, created_at, updated_at) VALUES (?, ?, '', '', '{}', '', 1, 1)", chat, "Chat "+chat); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO messages (id, chat_id, role, content, thinking, model, status, error, stop_reason, left_out, created_at) VALUES (?, ?, 'user', ?, '', '', 'complete', '', '', 0, 1)",
			fmt.Sprintf("m%d", i), chat, strings.Repeat(fmt.Sprintf("word%d ", i), 40)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// TestKilledWhileMigrating kills a process that brings data of the first version
// to the present one. Whatever version it has come to, the next start goes on, and
// every message is there and is found.
func TestKilledWhileMigrating(t *testing.T) {
	if path := os.Getenv("STORE_TEST_MIGRATE"); path != "" {
		s, err := Open(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return
	}
	kills := 6
	if n, err := strconv.Atoi(os.Getenv("FREEHOLD_KILLS")); err == nil {
		kills = n
	}
	const messages = 8000
	dir := t.TempDir()
	old := filepath.Join(dir, "old.db")
	anOldOne(t, old, messages)
	data, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Duration(0)
	met := 0
	for i := 0; i <= kills || met == 0 && i < 60; i++ {
		path := filepath.Join(dir, fmt.Sprint(i), "freehold.db")
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhileMigrating$", "-test.timeout=60s")
		cmd.Env = append(os.Environ(), "STORE_TEST_MIGRATE="+path)
		start := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if i > 0 { // the first is not killed, but timed
			time.AfterFunc(1+time.Duration(rand.Int64N(int64(took))), func() { _ = cmd.Process.Kill() })
		}
		err := cmd.Wait()
		switch {
		case i == 0 && err != nil:
			t.Fatal(err)
		case i == 0:
			took = time.Since(start)
		case err != nil:
			met++
		}
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatalf("after kill %d: %v", i, err)
		}
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("after kill %d: %v", i, err)
		}
		if v, err := userVersion(t.Context(), s.writer); v != len(schema) || err != nil {
			t.Errorf("after kill %d: version %d of %d (%v)", i, v, len(schema), err)
		}
		var n, sum int
		if err := s.writer.QueryRowContext(t.Context(), "SELECT count(*), sum(length(content)) FROM messages").Scan(&n, &sum); err != nil || n != messages || sum < messages*200 {
			t.Errorf("after kill %d: %d messages of %d characters (%v)", i, n, sum, err)
		}
		if found, err := s.SearchChats(t.Context(), fmt.Sprintf("word%d", messages-1), 10); err != nil || len(found) != 1 {
			t.Errorf("after kill %d: the last message is found in %d chats (%v)", i, len(found), err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d kills met it at work; it takes %v", met, took)
	if met == 0 {
		t.Error("no kill met it at work")
	}
}
