import type { Answer, PlatformRig } from './platform-rig.ts';

export interface RecordedAnswer {
  /** `GET /apps/:path` with the host where it is not the platform's own. */
  readonly question: string;
  readonly status: number;
  /** Headers and body. */
  readonly text: string;
}

/** Keeps every answer that the rig gets from now on. */
export function recordAnswers(rig: PlatformRig): readonly RecordedAnswer[] {
  const answers: RecordedAnswer[] = [];
  const request = rig.request.bind(rig);
  rig.request = async (host, path, options): Promise<Answer> => {
    const answer = await request(host, path, options);
    const question = `${options?.method ?? 'GET'} ${host === '127.0.0.1' ? '' : host}${path ?? '/'}`;
    answers.push({ question, status: answer.status, text: `${JSON.stringify(answer.headers)}\n${answer.body}` });
    return answer;
  };
  return answers;
}
