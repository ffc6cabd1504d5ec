package chat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"freehold/app/document"
)

// Service is what a user can do with conversations. It is safe for concurrent
// use. One question at a time is answered in each chat, by one model or by
// several (Compare); several chats may have theirs answered side by side.
type Service struct {
	store  *memory
	engine Engine
	emit   func(name string, data any)
	log    *slog.Logger

	librarian Librarian // nil: chats have no documents

	ctx     context.Context // ends with the service
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	active map[string]context.CancelFunc // by chat: stops what is being written
	drafts map[string]*draft             // by message: what is being written or waits for its turn
	naming map[string]context.CancelFunc // by chat: stops the model that thinks of a title

	queues  sync.Mutex      // one change of queues at a time; taken before mu
	hurried map[string]bool // by chat: what is being written is stopped for a message that waits

	worth func(ref string) bool // whether a model shall name chats; nil: none does
}

// New makes a service. Changes are announced through emit, which must not block.
func New(store Store, engine Engine, emit func(name string, data any), log *slog.Logger) *Service {
	ctx, cancel := context.WithCancel(context.Background())
	return &Service{store: newMemory(store), engine: engine, emit: emit, log: log, ctx: ctx, cancel: cancel, active: map[string]context.CancelFunc{}, drafts: map[string]*draft{}, naming: map[string]context.CancelFunc{}, hurried: map[string]bool{}}
}

// UseLibrarian lets chats answer from documents. Call it before anything else.
func (s *Service) UseLibrarian(l Librarian) { s.librarian = l }

// Close stops all answers, saves what they have, and returns when that is done.
func (s *Service) Close() {
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	s.running.Wait()
}

const (
	maxTextBytes  = 8 << 20 // of one message
	maxTitleRunes = 200
)

// List returns all chats, the one last written to first.
func (s *Service) List(ctx context.Context) ([]Summary, error) {
	all, err := s.store.Chats(ctx)
	return s.marked(all), err
}

// Search finds chats by their titles and texts.
func (s *Service) Search(ctx context.Context, query string) ([]Summary, error) {
	all, err := s.store.SearchChats(ctx, query, 100)
	return s.marked(all), err
}

// Get reads a whole chat.
func (s *Service) Get(ctx context.Context, id string) (Chat, error) {
	c, err := s.store.Chat(ctx, id)
	c.Summary = s.mark(c.Summary)
	return c, err
}

// Create starts an empty chat.
func (s *Service) Create(ctx context.Context, model, system string, sampling Sampling) (Chat, error) {
	return s.create(ctx, model, system, sampling, false)
}

// CreateTemporary starts an empty chat of which nothing comes to the disk.
func (s *Service) CreateTemporary(ctx context.Context, model, system string, sampling Sampling) (Chat, error) {
	return s.create(ctx, model, system, sampling, true)
}

func (s *Service) create(ctx context.Context, model, system string, sampling Sampling, temporary bool) (Chat, error) {
	sampling, err := sampling.Checked()
	if err != nil {
		return Chat{}, err
	}
	now := time.Now().UnixMilli()
	c := Chat{
		Summary:  Summary{ID: newID(), Model: model, CreatedAt: now, UpdatedAt: now, Tags: []string{}, Temporary: temporary},
		System:   system,
		Sampling: sampling,
		Messages: []Message{},
		Sources:  document.Sources{Documents: []string{}, Collections: []string{}},
	}
	if err := s.store.CreateChat(ctx, c); err != nil {
		return Chat{}, err
	}
	s.emit("chat", c.Summary)
	return c, nil
}

// Rename gives a chat another title.
func (s *Service) Rename(ctx context.Context, id, title string) (Summary, error) {
	title = strings.Join(strings.Fields(strings.ToValidUTF8(title, "")), " ")
	if title == "" {
		return Summary{}, errors.New("a chat's title cannot be empty")
	}
	if r := []rune(title); len(r) > maxTitleRunes {
		title = string(r[:maxTitleRunes])
	}
	by := ByUser
	return s.change(ctx, id, Change{Title: &title, TitledBy: &by})
}

// SetModel lets another model answer from now on.
func (s *Service) SetModel(ctx context.Context, id, ref string) (Summary, error) {
	return s.change(ctx, id, Change{Model: &ref})
}

// SetSystem changes the system prompt.
func (s *Service) SetSystem(ctx context.Context, id, system string) error {
	if err := checkText(system); err != nil {
		return err
	}
	_, err := s.change(ctx, id, Change{System: &system})
	return err
}

// SetSampling changes how tokens are picked.
func (s *Service) SetSampling(ctx context.Context, id string, p Sampling) error {
	p, err := p.Checked()
	if err != nil {
		return err
	}
	_, err = s.change(ctx, id, Change{Sampling: &p})
	return err
}

// SetSources changes what a chat answers from.
func (s *Service) SetSources(ctx context.Context, id string, src document.Sources) (document.Sources, error) {
	src, err := checkSources(src)
	if err != nil {
		return src, err
	}
	_, err = s.change(ctx, id, Change{Sources: &src})
	return src, err
}

// Select shows the branch through the message, down to its newest descendant.
func (s *Service) Select(ctx context.Context, id, messageID string) (Chat, error) {
	c, err := s.store.Chat(ctx, id)
	if err != nil {
		return Chat{}, err
	}
	if _, ok := find(c.Messages, messageID); !ok {
		return Chat{}, errors.New("this message no longer exists")
	}
	leaf := newest(c.Messages, messageID)
	if c.Summary, err = s.change(ctx, id, Change{Leaf: &leaf}); err != nil {
		return Chat{}, err
	}
	return c, nil
}

func (s *Service) change(ctx context.Context, id string, c Change) (Summary, error) {
	sum, err := s.store.ChangeChat(ctx, id, c)
	if err != nil {
		return sum, err
	}
	sum = s.mark(sum)
	s.emit("chat", sum)
	return sum, nil
}

// Deleted is the data of the event chatDeleted.
type Deleted struct {
	ID string `json:"id"`
}

// Delete puts a chat away; Restore brings it back.
func (s *Service) Delete(ctx context.Context, id string) error {
	s.Stop(id)
	if err := s.store.DeleteChat(ctx, id); err != nil {
		return err
	}
	s.emit("chatDeleted", Deleted{id})
	return nil
}

// Restore undoes Delete.
func (s *Service) Restore(ctx context.Context, id string) (Summary, error) {
	sum, err := s.store.RestoreChat(ctx, id)
	if err != nil {
		return sum, err
	}
	sum = s.mark(sum)
	s.emit("chat", sum)
	return sum, nil
}

// Send asks a question under the message parentID ("": as a first turn) and
// starts the answer. It returns both messages.
func (s *Service) Send(ctx context.Context, id, parentID, text string) ([]Message, error) {
	if err := checkQuestion(text); err != nil {
		return nil, err
	}
	return s.ask(ctx, id, func(c Chat) ([]Message, error) {
		if parentID != "" {
			parent, ok := find(c.Messages, parentID)
			if !ok {
				return nil, errors.New("the message to answer to no longer exists")
			}
			if parent.Role != Assistant {
				return nil, errors.New("a question can only follow an answer")
			}
		}
		return exchange(c, parentID, text), nil
	})
}

// Edit asks a question in another way: a new branch beside the old one.
func (s *Service) Edit(ctx context.Context, id, messageID, text string) ([]Message, error) {
	if err := checkQuestion(text); err != nil {
		return nil, err
	}
	return s.ask(ctx, id, func(c Chat) ([]Message, error) {
		old, ok := find(c.Messages, messageID)
		if !ok || old.Role != User {
			return nil, errors.New("the question to edit no longer exists")
		}
		return exchange(c, old.ParentID, text), nil
	})
}

// Regenerate asks for another answer beside the given one.
func (s *Service) Regenerate(ctx context.Context, id, messageID string) (Message, error) {
	msgs, err := s.ask(ctx, id, func(c Chat) ([]Message, error) {
		old, ok := find(c.Messages, messageID)
		if !ok || old.Role != Assistant {
			return nil, errors.New("the answer to write again no longer exists")
		}
		return []Message{reply(c, old.ParentID)}, nil
	})
	if err != nil {
		return Message{}, err
	}
	return msgs[0], nil
}

// exchange is a question and the empty answer to it.
func exchange(c Chat, parentID, text string) []Message {
	q := Message{ID: newID(), ChatID: c.ID, ParentID: parentID, Role: User, Content: text, Status: Complete, CreatedAt: time.Now().UnixMilli()}
	return []Message{q, reply(c, q.ID)}
}

func reply(c Chat, parentID string) Message {
	return Message{ID: newID(), ChatID: c.ID, ParentID: parentID, Role: Assistant, Model: c.Model, Status: Streaming, CreatedAt: time.Now().UnixMilli()}
}

// ask adds the messages that add makes, of which the last is an empty answer,
// and has that written.
func (s *Service) ask(ctx context.Context, id string, add func(Chat) ([]Message, error)) ([]Message, error) {
	answering, err := s.begin(id)
	if err != nil {
		return nil, err
	}
	msgs, c, sum, err := s.enter(ctx, id, add)
	if err != nil {
		s.end(id)
		s.running.Done()
		return nil, err
	}
	for _, m := range msgs {
		s.emit("message", m)
	}
	s.emit("chat", s.mark(sum))
	last := msgs[len(msgs)-1]
	writing, d := s.draft(answering, c, last)
	go func() {
		defer s.running.Done()
		s.answer(writing, d, c, last, func() { s.end(id) })
	}()
	return msgs, nil
}

func (s *Service) enter(ctx context.Context, id string, add func(Chat) ([]Message, error)) ([]Message, Chat, Summary, error) {
	c, err := s.store.Chat(ctx, id)
	if err != nil {
		return nil, c, Summary{}, err
	}
	if c.Model == "" {
		return nil, c, Summary{}, errors.New("no model is chosen for this chat; choose one first")
	}
	msgs, err := add(c)
	if err != nil {
		return nil, c, Summary{}, err
	}
	sum, err := s.store.AddMessages(ctx, id, msgs...)
	if err != nil {
		return nil, c, sum, err
	}
	if name := title(msgs[0].Content); sum.Title == "" && msgs[0].Role == User && name != "" {
		named, err := s.store.ChangeChat(ctx, id, Change{Title: &name})
		if err != nil {
			return nil, c, sum, err
		}
		sum = named
	}
	c.Messages, c.Title = append(c.Messages, msgs...), sum.Title
	return msgs, c, sum, nil
}

// Stop ends what is being written in the chat, if anything is.
func (s *Service) Stop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stop := s.active[id]; stop != nil {
		stop()
	}
}

// Use says how the context would be filled by the draft as the next question.
func (s *Service) Use(ctx context.Context, id, draft string) (ContextUse, error) {
	if err := checkText(draft); err != nil {
		return ContextUse{}, err
	}
	c, err := s.store.Chat(ctx, id)
	if err != nil {
		return ContextUse{}, err
	}
	if c.Model == "" {
		return ContextUse{ChatID: id}, nil
	}
	counter, release, err := s.engine.Counter(ctx, c.Model)
	if err != nil {
		return ContextUse{}, err
	}
	defer release()
	u, err := use(ctx, counter, c.System, turns(path(c.Messages, c.Leaf)), draft, c.Sampling.MaxTokens)
	u.ChatID = id
	if m, ok := find(c.Messages, c.Leaf); ok && m.Evidence != nil && !c.Sources.Empty() {
		u.Documents = m.Evidence.Budget.Documents
		u.Total += u.Documents
	}
	return u, err
}

// begin makes the chat's answer this caller's to write, until end.
func (s *Service) begin(id string) (context.Context, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, errors.New("Freehold is closing")
	}
	if s.active[id] != nil {
		return nil, errors.New("this chat is still being answered; wait, or stop the answer first")
	}
	for _, stop := range s.naming {
		stop()
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.active[id] = cancel
	s.running.Add(1)
	return ctx, nil
}

func (s *Service) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active[id]()
	delete(s.active, id)
}

func (s *Service) mark(sum Summary) Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum.Generating = s.active[sum.ID] != nil
	return sum
}

func (s *Service) marked(all []Summary) []Summary {
	for i := range all {
		all[i] = s.mark(all[i])
	}
	return all
}

func checkQuestion(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("the message is empty")
	}
	return checkText(text)
}

func checkText(text string) error {
	if len(text) > maxTextBytes {
		return fmt.Errorf("the text is %d MB long; at most %d MB can be sent at once", len(text)>>20, maxTextBytes>>20)
	}
	if !utf8.ValidString(text) {
		return errors.New("the text is not valid UTF-8")
	}
	return nil
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }
