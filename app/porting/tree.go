package porting

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"freehold/app/chat"
	"freehold/app/document"
)

const (
	mostText     = 8 << 20 // bytes of one message, as everywhere in chats
	mostTitle    = 200     // letters
	mostSystem   = 1 << 20 // bytes
	mostMessages = 200_000
)

// node is a message as another program keeps it. One without a role says nothing
// here: what hangs on it hangs on its parent instead.
type node struct {
	id, parent string
	role       chat.Role
	content    string
	thinking   string
	model      string
	at         int64 // ms since 1970; 0: unknown
	status     chat.Status
	failure    string
	stop       string
	timings    *chat.Timings
	part       bool // goes on in the answer before it, if that has no other successor
}

// story is a conversation as another program keeps it.
type story struct {
	source           Source
	id               string // there
	title            string
	system           string
	model            string
	created, updated int64 // ms since 1970; 0: unknown
	nodes            []node
	leaf             string // the message that is shown last; "": the newest
	pinned, archived bool
	tags             []string
	notes            notes
}

// chat makes one of ours of it.
func (s *story) chat() (Found, error) {
	if s.notes == nil {
		s.notes = notes{}
	}
	if len(s.nodes) > mostMessages {
		return Found{}, fmt.Errorf("it has more than %d messages", mostMessages)
	}
	parents := s.untangle()
	kept := s.ordered(parents)
	kept = s.joined(kept)
	kept = s.answered(kept)

	c := chat.Chat{
		Summary:  chat.Summary{ID: idOf(s.source, s.id), CreatedAt: s.created, UpdatedAt: s.updated, Pinned: s.pinned, Archived: s.archived, Tags: []string{}},
		System:   s.clean(s.system, mostSystem),
		Sampling: chat.DefaultSampling(),
		Messages: make([]chat.Message, 0, len(kept)),
		Sources:  document.Sources{Documents: []string{}, Collections: []string{}},
	}
	c.Title, c.TitledBy = s.named(kept)
	for _, tag := range s.tags {
		if tag = oneLine(s.clean(tag, 400)); tag != "" && len(c.Tags) < 20 && !slices.Contains(c.Tags, tag) {
			c.Tags = append(c.Tags, tag)
		}
	}
	s.times(&c, kept)
	for _, k := range kept {
		m := chat.Message{
			ID: idOf(s.source, s.id, k.id), ChatID: c.ID, Role: k.role, Content: k.content, Thinking: k.thinking,
			Status: k.status, Error: k.failure, StopReason: k.stop, Timings: k.timings, CreatedAt: k.at,
		}
		if k.parent != "" {
			m.ParentID = idOf(s.source, s.id, k.parent)
		}
		if m.Role == chat.Assistant {
			if m.Model = k.model; m.Model == "" {
				m.Model = s.model
			}
		}
		if m.Status == "" {
			m.Status = chat.Complete
		}
		c.Messages = append(c.Messages, m)
	}
	c.Leaf = s.last(kept)
	if c.Leaf != "" {
		c.Leaf = idOf(s.source, s.id, c.Leaf)
	}
	return Found{Chat: c, Source: s.source, Notes: s.notes.list()}, nil
}

// untangle returns the parent of each node, by its place: of its list one that
// exists, and nowhere a circle. Twins go.
func (s *story) untangle() []int {
	at := make(map[string]int, len(s.nodes))
	unique := s.nodes[:0]
	for _, n := range s.nodes {
		if _, there := at[n.id]; there {
			s.notes[Twins]++
			continue
		}
		at[n.id] = len(unique)
		unique = append(unique, n)
	}
	s.nodes = unique
	parents := make([]int, len(s.nodes))
	for i, n := range s.nodes {
		parents[i] = -1
		if n.parent == "" {
			continue
		}
		if k, ok := at[n.parent]; ok && k != i {
			parents[i] = k
		} else if ok {
			s.notes[Cycles]++
		} else {
			s.notes[Orphans]++
		}
	}
	const unseen, walking, sound = 0, 1, 2
	state := make([]uint8, len(parents))
	for i := range parents {
		walked := []int{}
		k := i
		for k >= 0 && state[k] == unseen {
			state[k] = walking
			walked = append(walked, k)
			k = parents[k]
		}
		if k >= 0 && state[k] == walking {
			parents[k] = -1 // the circle is opened here
			s.notes[Cycles]++
		}
		for _, w := range walked {
			state[w] = sound
		}
	}
	return parents
}

// placed is a node that has its place.
type placed struct {
	node
	children int
}

// ordered lists the nodes that say something, parents before children and
// siblings as they came, each under the nearest one above it that is kept too.
func (s *story) ordered(parents []int) []placed {
	children := make([][]int, len(parents))
	var roots []int
	for i, p := range parents {
		if p < 0 {
			roots = append(roots, i)
		} else {
			children[p] = append(children[p], i)
		}
	}
	older := func(a, b int) int {
		if x, y := s.nodes[a].at, s.nodes[b].at; x != 0 && y != 0 && x != y {
			if x < y {
				return -1
			}
			return 1
		}
		return a - b
	}
	slices.SortStableFunc(roots, older)
	type step struct {
		at    int
		under string
	}
	var list []placed
	var todo []step
	push := func(all []int, under string) {
		slices.SortStableFunc(all, older)
		for i := len(all) - 1; i >= 0; i-- {
			todo = append(todo, step{all[i], under})
		}
	}
	push(roots, "")
	for len(todo) > 0 {
		t := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		n := s.nodes[t.at]
		under := t.under
		n.content, n.thinking = s.clean(n.content, mostText), s.clean(n.thinking, mostText)
		n.failure, n.model = s.clean(n.failure, 4096), s.clean(n.model, 500)
		if n.role != "" && (n.content != "" || n.thinking != "" || n.failure != "" || n.role == chat.User && n.status != "") {
			n.parent = t.under
			list = append(list, placed{node: n})
			under = n.id
		}
		push(children[t.at], under)
	}
	return list
}

// joined makes one answer of the parts in which some programs keep it: thoughts,
// calls of tools, their results, the text.
func (s *story) joined(list []placed) []placed {
	at := make(map[string]int, len(list))
	for i, p := range list {
		at[p.id] = i
		if p.parent != "" {
			list[at[p.parent]].children++
		}
	}
	into := make(map[string]string, len(list)) // of what was joined, to what
	out := list[:0:0]
	place := make(map[string]int, len(list))
	for _, p := range list {
		if to, ok := into[p.parent]; ok {
			p.parent = to
		}
		if k, ok := place[p.parent]; ok && p.part && p.role == chat.Assistant && out[k].role == chat.Assistant && out[k].children == 1 {
			o := &out[k]
			o.content = s.clean(paragraphs(o.content, p.content), mostText)
			o.thinking = s.clean(paragraphs(o.thinking, p.thinking), mostText)
			o.children = p.children
			if p.model != "" {
				o.model = p.model
			}
			if p.status != "" {
				o.status, o.failure, o.stop = p.status, p.failure, p.stop
			}
			if p.timings != nil {
				o.timings = p.timings
			}
			into[p.id] = o.id
			continue
		}
		place[p.id] = len(out)
		out = append(out, p)
	}
	if to, ok := into[s.leaf]; ok {
		s.leaf = to
	}
	return out
}

func paragraphs(texts ...string) string {
	var some []string
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			some = append(some, t)
		}
	}
	return strings.Join(some, "\n\n")
}

// answered gives each question that has no successor an answer that was stopped
// before its first word: from there the user can ask for it.
func (s *story) answered(list []placed) []placed {
	follows := make(map[string]bool, len(list))
	for _, p := range list {
		follows[p.parent] = true
	}
	for _, p := range list {
		if p.role != chat.User || follows[p.id] {
			continue
		}
		s.notes[Unanswered]++
		none := placed{node: node{id: p.id + "\x00answer", parent: p.id, role: chat.Assistant, status: chat.Stopped, stop: "cancelled"}}
		if s.leaf == p.id {
			s.leaf = none.id
		}
		list = append(list, none)
	}
	return list
}

// last is the message that is shown last: the chosen one, or the nearest kept one
// above it, and from there down to its newest successor.
func (s *story) last(list []placed) string {
	if len(list) == 0 {
		return ""
	}
	there := make(map[string]bool, len(list))
	newest := make(map[string]string, len(list))
	for _, p := range list {
		there[p.id] = true
		newest[p.parent] = p.id
	}
	above := make(map[string]string, len(s.nodes))
	for _, n := range s.nodes {
		above[n.id] = n.parent
	}
	leaf := s.leaf
	for range s.nodes {
		if leaf == "" || there[leaf] {
			break
		}
		leaf = above[leaf]
	}
	if !there[leaf] {
		leaf = ""
	}
	for {
		next, ok := newest[leaf]
		if !ok {
			return leaf
		}
		leaf = next
	}
}

// named is its title, or one made of its first question.
func (s *story) named(list []placed) (string, chat.Author) {
	title, by := strings.Join(strings.Fields(s.clean(s.title, 4096)), " "), chat.ByUser
	if title == "" {
		by = chat.ByQuestion
		for _, p := range list {
			if p.role == chat.User {
				title = chat.TitleOf(p.content)
				break
			}
		}
	}
	if r := []rune(title); len(r) > mostTitle {
		title = string(r[:mostTitle])
	}
	return title, by
}

// times gives everything a time that makes sense.
func (s *story) times(c *chat.Chat, list []placed) {
	const first = 946684800000 // 2000: no such program is older
	latest := time.Now().Add(24 * time.Hour).UnixMilli()
	sane := func(t int64) int64 {
		if t == 0 || t >= first && t <= latest {
			return t
		}
		s.notes[BadTimes]++
		return 0
	}
	c.CreatedAt, c.UpdatedAt = sane(c.CreatedAt), sane(c.UpdatedAt)
	var low, high int64
	for i := range list {
		t := sane(list[i].at)
		list[i].at = t
		if t != 0 && (low == 0 || t < low) {
			low = t
		}
		high = max(high, t)
	}
	if c.CreatedAt == 0 {
		c.CreatedAt = low
	}
	c.UpdatedAt = max(c.UpdatedAt, high, c.CreatedAt)
	if c.CreatedAt == 0 {
		if c.CreatedAt = c.UpdatedAt; c.CreatedAt == 0 { // nothing of it has a time
			c.CreatedAt = time.Now().UnixMilli()
			c.UpdatedAt = c.CreatedAt
		}
	}
	times := make(map[string]int64, len(list))
	for i := range list {
		if list[i].at == 0 {
			if list[i].at = times[list[i].parent]; list[i].at == 0 {
				list[i].at = c.CreatedAt
			}
		}
		times[list[i].id] = list[i].at
	}
}

// clean makes a text one that can be kept: valid, without zero bytes, not longer
// than most bytes.
func (s *story) clean(text string, most int) string {
	if !utf8.ValidString(text) {
		s.notes[BadText]++
		text = strings.ToValidUTF8(text, "�")
	}
	text = strings.ReplaceAll(text, "\x00", "")
	if len(text) > most {
		s.notes[TooLong]++
		for most > 0 && !utf8.RuneStart(text[most]) {
			most--
		}
		text = text[:most]
	}
	return text
}
