// Every real application that the project is proven on, in the order of the table.
import type { RealApplication } from './application.ts';
import { debianApplications } from './debian-applications.ts';
import { npmApplications } from './npm-applications.ts';

/** All twenty. */
export const applications: readonly RealApplication[] = [...npmApplications, ...debianApplications];

/** The one of this name. Throws for a name that none has. */
export function applicationNamed(name: string): RealApplication {
  const found = applications.find((app) => app.name === name);
  if (found === undefined) throw new Error(`no application ${name}; there are ${namesOf(applications)}`);
  return found;
}

/** Their names, to be read. */
export function namesOf(apps: readonly RealApplication[]): string {
  return apps.map(({ name }) => name).join(', ');
}
