package app

import (
	"errors"

	"freehold/app/chat"
)

// App is what the user interface calls. Every exported method can be reached
// from the window; over HTTP only those that api.Methods names.
type App struct{}

// New makes an App that answers nothing until it is attached.
func New() *App { return &App{} }

var errNotOpen = errors.New("Freehold is still starting; try again in a moment")

func (a *App) State() (State, error)                                      { return State{}, errNotOpen }
func (a *App) Hardware() (Hardware, error)                                { return Hardware{}, errNotOpen }
func (a *App) SaveSettings(s Settings) (Settings, error)                  { return Settings{}, errNotOpen }
func (a *App) Chats() ([]chat.Summary, error)                             { return nil, errNotOpen }
func (a *App) Chat(id string) (chat.Chat, error)                          { return chat.Chat{}, errNotOpen }
func (a *App) NewChat(model string) (chat.Chat, error)                    { return chat.Chat{}, errNotOpen }
func (a *App) RenameChat(id, title string) (chat.Summary, error)          { return chat.Summary{}, errNotOpen }
func (a *App) DeleteChat(id string) error                                 { return errNotOpen }
func (a *App) RestoreChat(id string) (chat.Summary, error)                { return chat.Summary{}, errNotOpen }
func (a *App) SetChatModel(id, ref string) (chat.Summary, error)          { return chat.Summary{}, errNotOpen }
func (a *App) SetChatSystem(id, system string) error                      { return errNotOpen }
func (a *App) SetChatSampling(id string, s chat.Sampling) error           { return errNotOpen }
func (a *App) Send(chatID, parentID, text string) ([]chat.Message, error) { return nil, errNotOpen }
func (a *App) Regenerate(chatID, messageID string) (chat.Message, error) {
	return chat.Message{}, errNotOpen
}
func (a *App) EditMessage(chatID, messageID, text string) ([]chat.Message, error) {
	return nil, errNotOpen
}
func (a *App) SelectBranch(chatID, messageID string) (chat.Chat, error) {
	return chat.Chat{}, errNotOpen
}
func (a *App) Stop(chatID string) error { return errNotOpen }
func (a *App) ContextUse(chatID, draft string) (chat.ContextUse, error) {
	return chat.ContextUse{}, errNotOpen
}
func (a *App) SearchChats(query string) ([]chat.Summary, error) { return nil, errNotOpen }
func (a *App) Models() ([]Model, error)                         { return nil, errNotOpen }
func (a *App) ImportModel(path string) (Model, error)           { return Model{}, errNotOpen }
func (a *App) RemoveModel(ref string) error                     { return errNotOpen }
func (a *App) Catalog() ([]CatalogEntry, error)                 { return nil, errNotOpen }
func (a *App) Pull(ref string) (Download, error)                { return Download{}, errNotOpen }
func (a *App) CancelPull(ref string) error                      { return errNotOpen }
func (a *App) Downloads() ([]Download, error)                   { return nil, errNotOpen }
func (a *App) LoadModel(ref string) error                       { return errNotOpen }
func (a *App) ChooseFiles(title string) ([]string, error)       { return nil, errNotOpen }
func (a *App) OpenExternal(url string) error                    { return errNotOpen }
func (a *App) ExportChat(id, format string) (string, error)     { return "", errNotOpen }
