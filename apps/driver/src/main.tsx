import './styles.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { readKept } from './api/kept.js';
import { App } from './app.js';
import { chosenLanguage, loadDictionary } from './i18n/index.js';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
const language = chosenLanguage(readKept().language, navigator.languages);
const dictionary = await loadDictionary(language);
createRoot(root).render(
  <StrictMode>
    <App first={{ language, dictionary }} />
  </StrictMode>,
);
