package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"freehold/app"
	"freehold/app/enginetest"
	"freehold/app/store"
	"freehold/models/stores"
)

// killed runs the program and kills it after a while; it tells whether it was
// quicker.
func killed(t *testing.T, home string, after time.Duration, args ...string) (ended bool) {
	t.Helper()
	path, err := exec.LookPath("freehold")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "FREEHOLD_HOME="+home)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	}
	err = cmd.Wait()
	if err != nil && cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("freehold %s: %v\n%s", args[0], err, out.String())
	}
	return err == nil
}

// opened starts the program as a window would, and says what it finds.
func opened(t *testing.T, home string) (chats int, notices []app.Notice) {
	t.Helper()
	c, err := app.Open(t.Context(), app.Options{Home: home, Exclusive: true, Engine: &enginetest.Engine{}, Roots: func() stores.Roots { return stores.Roots{} }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.CheckStore(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := c.Chats.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if notices, err = c.Notices(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.ForgetNotices(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(home, "unfinished", "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return len(all), notices
}

const manyChats = 1500

func manyOf(t *testing.T, dir string) string {
	t.Helper()
	var b bytes.Buffer
	text := strings.Repeat("A sentence that somebody wrote once. ", 60)
	for i := range manyChats {
		b.WriteString(map[bool]string{true: "[", false: ",\n"}[i == 0])
		fmt.Fprintf(&b, `{"uuid":"c%d","name":"Chat %d","created_at":"2026-03-29T07:06:34Z","chat_messages":[
			{"uuid":"1","sender":"human","text":%q,"parent_message_uuid":"00000000-0000-4000-8000-000000000000"},{"uuid":"2","sender":"assistant","text":%q,"parent_message_uuid":"1"}]}`, i, i, text, text)
	}
	b.WriteString("]")
	p := filepath.Join(dir, "conversations.json")
	if err := os.WriteFile(p, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestKilled kills the program again and again while it imports, exports, backs
// up and restores. Each time there is what was before, or all of the new, and the
// next start leaves nothing behind.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	kills := 4 // of each kind
	if n, err := strconv.Atoi(os.Getenv("FREEHOLD_KILLS")); err == nil {
		kills = n
	}
	dir := t.TempDir()
	home := filepath.Join(dir, "home")
	file := manyOf(t, dir)
	total, told := 0, 0
	// round does something until it was killed as often as it should be. How long it
	// takes is measured first.
	round := func(home string, took time.Duration, check func(ended bool), args ...string) {
		for range kills {
			ended := killed(t, home, 1+time.Duration(rand.Int64N(int64(took))), args...)
			if !ended {
				total++
			}
			check(ended)
		}
	}
	measured := func(home string, args ...string) time.Duration {
		start := time.Now()
		if !killed(t, home, 0, args...) {
			t.Fatal("it was killed by somebody else")
		}
		return time.Since(start)
	}

	took := measured(filepath.Join(dir, "measure"), "import-chats", file)
	round(home, took, func(ended bool) {
		n, notices := opened(t, home)
		if n != 0 && n != manyChats {
			t.Errorf("import: %d of %d chats", n, manyChats)
		}
		told += len(notices)
	}, "import-chats", file)
	measured(home, "import-chats", file)
	if n, _ := opened(t, home); n != manyChats {
		t.Fatalf("%d of %d chats", n, manyChats)
	}

	for kind, args := range map[string][]string{
		"export": {"export", "--all", "--format", "json", "--force", "--out", filepath.Join(dir, "out.json")},
		"backup": {"backup", "--force", filepath.Join(dir, "out.freehold-backup")},
	} {
		out := args[len(args)-1]
		took := measured(home, args...)
		sound, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		round(home, took, func(bool) {
			got, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if kind == "export" && !bytes.Equal(got, sound) {
				t.Error("another export")
			}
			if kind == "backup" {
				check(t, home, out)
			}
			n, notices := opened(t, home)
			if n != manyChats {
				t.Errorf("%d chats", n)
			}
			told += len(notices)
			if left, _ := filepath.Glob(filepath.Join(dir, ".freehold-part-*")); len(left) > 0 {
				t.Errorf("%s left %v", kind, left)
			}
		}, args...)
	}

	from := filepath.Join(dir, "out.freehold-backup")
	want := tables(t, home)
	took = measured(filepath.Join(dir, "measure"), "restore", from)
	other := filepath.Join(dir, "other")
	if n, _ := opened(t, other); n != 0 {
		t.Fatal("not empty")
	}
	round(other, took, func(bool) {
		n, notices := opened(t, other)
		if n != 0 && n != manyChats {
			t.Errorf("restore: %d of %d chats", n, manyChats)
		}
		told += len(notices)
	}, "restore", from)
	measured(other, "restore", from)
	got := tables(t, other)
	for name, d := range want {
		if name != "settings" && got[name] != d { // the notices are there
			t.Errorf("restored: other rows in %s", name)
		}
	}
	t.Logf("%d kills, %d notices", total, told)
	if total < kills*2 {
		t.Errorf("only %d kills met the program at work", total)
	}
}

func check(t *testing.T, home, path string) {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), "freehold", "backup", "--check", "--json", path)
	cmd.Env = append(os.Environ(), "FREEHOLD_HOME="+home)
	out, err := cmd.Output()
	var info app.BackupInfo
	if err != nil || json.Unmarshal(out, &info) != nil || info.Chats != manyChats {
		t.Errorf("the backup is damaged: %v %s", err, out)
	}
}

func tables(t *testing.T, home string) map[string]store.TableDigest {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(home, "freehold.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, err := s.Digests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]store.TableDigest{}
	for _, d := range all {
		byName[d.Name] = d
	}
	return byName
}
